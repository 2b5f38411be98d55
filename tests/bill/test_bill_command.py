"""`florist bill`, as a person or a script calls it."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from florist.campaigns.csv_text import csv_text
from florist.cli import main
from florist.ledger import Entry, Ledger, RunFacts, Send, State, Work
from florist.stores.folder import FolderStore

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
SENT = Send(sent_at=NOON, settles_at=NOON, fingerprint="f", owner="one")
FORMULA = '=HYPERLINK("http://example.org","x")'


def entry(row: str, state: State, *, campaign: str = "spring", charged: str | None = None) -> Entry:
    work = Work(technique_id="tech_1", inputs=(), campaign=campaign, row=row, step="still@luxury")
    ended = RunFacts(status="completed", outputs=1, charged_usd=Decimal(charged)) if charged else None
    has_run = state not in {State.SENT, State.NEEDS_REVIEW}
    return Entry(
        key=work.key,
        work=work,
        state=state,
        recorded_at=NOON,
        owner="one",
        sends=(SENT,),
        price_usd=Decimal("0.08"),
        run_id=f"run_{row}" if has_run else None,
        ended=ended,
    )


@pytest.fixture
def archive(tmp_path: Path) -> str:
    entries = [
        entry("rose", State.FINISHED, charged="0.105"),
        entry(FORMULA, State.STARTED),
        entry("tulip", State.NEEDS_REVIEW),
        entry("lily", State.FINISHED, campaign="autumn", charged="0.08"),
    ]

    async def fill() -> None:
        for one in entries:
            await Ledger(FolderStore(tmp_path)).append(one)

    asyncio.run(fill())
    return str(tmp_path)


def billed(archive: str, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bill", *words, "--archive", archive])
    return ended.value.code or 0


def test_bill_of_a_campaign_adds_up_by_step_and_says_the_range(archive, capsys):
    assert billed(archive, "spring") == 0
    shown = capsys.readouterr()
    lines = [line.split("\t") for line in shown.out.splitlines()]
    assert lines[0] == ["Step", "Runs", "Quoted", "Charged", "Wasted", "In flight", "In doubt"]
    assert lines[1] == ["still", "2", "$0.08", "$0.105", "", "1, $0.08", "1, up to $0.08"]
    assert [line[0] for line in lines] == ["Step", "still", "total"]
    assert "+$0.025 against the $0.08 quoted" in shown.err
    assert "altogether from $0.105 to $0.265" in shown.err


def test_bill_without_a_campaign_is_a_line_for_each(archive, capsys):
    billed(archive)
    names = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["Campaign", "autumn", "spring", "total"]


def test_csv_is_a_line_for_each_run_with_its_cell_and_no_formula(archive, capsysbinary):
    billed(archive, "spring", "--csv")
    text = capsysbinary.readouterr().out.decode()
    assert text.count("\r\n") == 4
    rows = {row["reason"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows["in flight"]["row"] == f"'{FORMULA}"
    assert (rows["not kept yet"]["step"], rows["not kept yet"]["cell"]) == ("still", "still@luxury")
    assert (rows["not kept yet"]["charged_usd"], rows["in flight"]["most_usd"]) == ("0.105", "0.08")


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_text_that_begins_a_formula_is_a_text(cell):
    [_, row] = csv.reader(io.StringIO(csv_text(["name"], [[cell]]), newline=""))
    assert row == [f"'{cell}"]


def test_text_with_quotes_and_lines_and_a_negative_amount_come_back_as_they_were():
    text = csv_text(["name", "usd", "none"], [['a "b",\r\nc', Decimal("-0.5"), None]])
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == ['a "b",\r\nc', "-0.50", ""]


def test_json_has_the_documented_shape(archive, capsys):
    billed(archive, "spring", "--by", "reason", "--json")
    bill = json.loads(capsys.readouterr().out)
    assert (bill["schema_version"], bill["campaign"], bill["by"]) == (1, "spring", "reason")
    assert [group["name"] for group in bill["groups"]] == ["not kept yet", "in flight", "needs review"]
    assert (bill["total"]["charged_usd"], bill["total"]["most_usd"]) == ("0.105", "0.265")


def test_fields_of_the_json_are_told_in_the_docs(archive, capsys):
    billed(archive, "spring", "--json")
    bill = json.loads(capsys.readouterr().out)
    page = (Path(__file__).parents[2] / "docs/bill.md").read_text()
    assert [name for name in {**bill, **bill["total"]} if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sprng",), 'did you mean "spring"?'),
        (("spring", "--timezone", "Berlin"), 'no time zone "Berlin"'),
        (("spring", "--csv", "--json"), "choose one"),
    ],
)
def test_bill_of_what_there_is_not_says_what_to_do(archive, capsys, words, said):
    assert billed(archive, *words) == 1
    assert said in capsys.readouterr().err
