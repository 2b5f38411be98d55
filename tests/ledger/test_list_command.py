"""`florist ledger list`: what a person sees of entries that can be read, and of those that cannot."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from florist.cli import main
from florist.ledger import Entry, Ledger, State, Work
from florist.stores.folder import FolderStore

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
DAMAGED = "ledger/entries/tech_1/abcdef0123456789/0000.json"


def started(row: str) -> Entry:
    work = Work(technique_id="tech_1", inputs=(), campaign="spring", row=row)
    return Entry(
        key=work.key,
        work=work,
        state=State.STARTED,
        recorded_at=NOON,
        owner="one",
        run_id="run_1",
        started_by="adopted by time",
    )


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """A ledger of an entry that can be read and one that cannot."""
    store = FolderStore(tmp_path)

    async def fill() -> None:
        await Ledger(store).append(started("tulip"))
        await store.create(DAMAGED, b'{"schema_version": 9}')

    asyncio.run(fill())
    return str(tmp_path)


def listed(archive: str, *words: str) -> None:
    with pytest.raises(SystemExit):
        main(["ledger", "list", "--archive", archive, *words])


@pytest.mark.parametrize(
    ("words", "states"),
    [
        ((), ["started", "unreadable"]),
        (("--campaign", "autumn"), ["unreadable"]),
        (("--state", "started"), ["started"]),
        (("--state", "unreadable"), ["unreadable"]),
        (("--state", "unreadable", "--state", "started"), ["started", "unreadable"]),
    ],
)
def test_list_shows_an_entry_that_cannot_be_read_unless_other_states_are_asked_for(archive, capsys, words, states):
    listed(archive, "--json", *words)
    assert [line["state"] for line in json.loads(capsys.readouterr().out)] == states


def test_list_names_the_record_that_cannot_be_read_and_its_age(archive, capsys):
    listed(archive, "--json", "--state", "unreadable")
    [line] = json.loads(capsys.readouterr().out)
    assert (line["key"], line["path"]) == ("abcdef0123456789", DAMAGED)
    assert datetime.fromisoformat(line["changed_at"]).tzinfo is not None


def test_list_tells_how_runs_were_come_by_and_counts_what_cannot_be_read(archive, capsys):
    listed(archive)
    shown = capsys.readouterr()
    assert "\trun_1\tadopted by time\t" in shown.out
    assert DAMAGED in shown.out
    assert "2 entries, 1 of them unreadable" in shown.err
