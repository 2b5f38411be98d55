"""The commands that pages show are typed, page by page, each in a sandbox of its own, and exit well."""

import ast
import asyncio
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from florist.campaigns.budget import rules
from florist.ledger import Entry, Ledger, State, Work
from florist.stores.folder import FolderStore
from tests.commands.conftest import ROOT, Desk, desk_in
from tests.commands.test_doctor import NOON
from tests.docs.shown import PAGES, blocks, to_type

BUCKETS = (
    (re.compile(r"s3://my-bucket/[^\s']*"), "outputs"),  # with every option of its location
    (re.compile(r"s3://shop-media/"), "shop-media/"),
    (re.compile(r"s3://bucket/florist"), "florist-archive"),
)
LAUNCH = """
name: launch
params: {sku: {default: V-1}, tone: {default: playful}}
steps: {lines: {technique: headline-writer, inputs: {brief: "${params.tone}"}}}
"""
ROWS = "a: {tone: luxury}\nb: {tone: playful}\n"
EXITS = {"florist lock --check": 0, "florist budget lift spring": 1}
"""Of commands that have nothing to do where a test types them."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """A desk that looks like the checkout, with short spreadsheets."""
    for name, value in (("LOOK_LASTS", 0.2), ("MARGIN", 0.1)):
        monkeypatch.setattr(rules, name, value)
    monkeypatch.setattr("florist.commands.doctor.asked", lambda _: True)
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    sheet = tmp_path / "examples/products.csv"
    sheet.write_text("".join(sheet.read_text().splitlines(keepends=True)[:3]))
    (tmp_path / "rows.yaml").write_text(ROWS)
    for name in ("launch.yaml", "my-pipeline.yaml"):
        (tmp_path / name).write_text(LAUNCH)
    (tmp_path / ".flora-sandbox").symlink_to(tmp_path / "sandbox")
    monkeypatch.chdir(tmp_path)
    yield from desk_in(tmp_path, monkeypatch, capsys, duration_scale=0)


def typed(desk: Desk, command: str) -> str:
    """Type a command, with folders in place of buckets; return what it said."""
    for pattern, here in BUCKETS:
        command = pattern.sub(here, command)
    code, said = desk.florist(*shlex.split(command)[1:])
    assert code == next((code for words, code in EXITS.items() if command.startswith(words)), 0), (command, said)
    return said


def spring(desk: Desk, *options: str) -> None:
    """Have a campaign that was run, of two rows."""
    rows = ("--rows", "rows.yaml", "--campaign", "spring", *options)
    assert desk.florist("run", "launch.yaml", *rows)[0] == 0


def two_reviews(desk: Desk) -> None:
    """Have two entries that need review, of which the page shows the key of one."""
    for row in ("a", "b"):
        work = Work(technique_id="tech_1", inputs=(), campaign="spring", row=row)
        entry = Entry(key=work.key, work=work, state=State.NEEDS_REVIEW, recorded_at=NOON, owner="one")
        asyncio.run(Ledger(FolderStore("outputs")).append(entry))


def two_campaigns(desk: Desk) -> None:
    """Have two campaigns to hold against each other."""
    spring(desk)
    assert desk.florist("run", "launch.yaml", "--rows", "rows.yaml", "--campaign", "winter")[0] == 0
    shutil.copytree("florist-archive", "outputs")


def a_run_of_texts(desk: Desk) -> None:
    desk.florist("run", "my-pipeline.yaml", "--archive", "outputs", "--campaign", "probed")


def one_row_to_pick_in(desk: Desk) -> None:
    """Have the row of which the page shows picks, and those picks."""
    Path("rows.yaml").write_text("sku-1: {scene: on sand}\n")
    (picks,) = [block.text for block in blocks("docs/funnel.md") if block.language == "json"]
    Path("picks.json").write_text(picks)


BEFORE: dict[str, Callable[[Desk], object]] = {
    "docs/bill.md": spring,
    "docs/funnel.md": one_row_to_pick_in,
    "docs/budget.md": lambda desk: spring(desk, "--archive", "outputs", "--budget", "5"),
    "docs/delivery.md": spring,
    "docs/gallery.md": two_campaigns,
    "docs/archive.md": lambda desk: spring(desk, "--archive", "outputs"),
}
"""What pages take for granted."""

WALKED = [page for page in PAGES if to_type(page) and page != "docs/ledger.md"]


@pytest.mark.parametrize("page", WALKED)
def test_commands_of_the_page_do_what_they_say(desk: Desk, page: str):
    BEFORE.get(page, lambda _: None)(desk)
    for block in blocks(page):
        if block.title:
            Path(block.title).write_text(block.text)
    for command in to_type(page):
        typed(desk, command)


def test_commands_of_the_ledger_s_page_find_out_and_decide(desk: Desk):
    a_run_of_texts(desk)
    two_reviews(desk)
    first, second = sorted(path.name for path in Path("outputs/ledger/entries/tech_1").iterdir())
    for command in to_type("docs/ledger.md"):
        key = second if "restart" in command else first
        said = typed(desk, command.replace("3f9a", key).replace("run_0123", "run_9"))
    assert "will be paid for anew" in said


def test_python_of_the_gallery_s_page_renders_a_sheet(desk: Desk):
    spring(desk)
    (program,) = [block.text for block in blocks("docs/gallery.md") if block.language == "python"]
    names: dict[str, object] = {}
    asyncio.run(eval(compile(program, "docs/gallery.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names))
    assert "<html" in str(names["page"])
