"""What the sheet says at the end of real runs: a gap, a gate, and what came after the picks."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flora_sandbox.faults import Fault
from florist.gallery import CellState, Sheet, read_sheet
from florist.stores.folder import FolderStore
from tests.commands.conftest import Desk, desk_in

GATED = """
name: headlines
params:
  brief: {type: text, default: Spring flowers}
rows: {}
steps:
  line: {technique: headline-writer, variations: 2, gate: {pick: 1}, inputs: {brief: "${params.brief}"}}
  longer: {technique: headline-writer, inputs: {brief: "${steps.line.output}"}}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    yield from desk_in(tmp_path, monkeypatch, capsys, duration_scale=0)


def run(desk: Desk) -> str:
    rows = desk.folder / "rows.yaml"
    rows.write_text("a: {brief: Tulips}\nb: {brief: Roses}\n")
    options = ("--rows", rows, "--archive", desk.archive, "--campaign", "spring")
    return desk.florist("run", desk.pipeline(GATED), *options)[1]


def sheet_of(desk: Desk) -> Sheet:
    return asyncio.run(read_sheet(FolderStore(desk.archive), "spring"))


def states(sheet: Sheet) -> list[list[str]]:
    return [[f"{cell.cell}: {cell.state}" for cell in row.cells] for row in sheet.rows]


def test_run_tells_where_its_sheet_is_and_the_sheet_waits_for_picks(desk):
    said = run(desk)
    page = desk.archive / "campaigns/spring/contact-sheet.html"
    assert f"contact sheet: {page.as_uri()}" in said
    sheet = sheet_of(desk)
    assert {cell.state for row in sheet.rows for cell in row.cells if cell.step == "longer"} == {
        CellState.AWAITS_PICK
    }
    assert [(row.gate.step, row.gate.pick_min, row.gate.enough) for row in sheet.rows] == [("line", 1, False)] * 2
    assert "2 of 2 rows wait for a pick" in page.read_text()


def test_picks_of_a_sheet_are_applied_and_gone_on_with(desk):
    run(desk)
    picks = [{"row": "a", "cell": "line@v2", "verdict": "picked", "stars": 3, "note": "", "confirm_usd": None}]
    told = {"florist_picks": 1, "campaign": "spring", "by": "Ada", "picks": picks}
    (desk.folder / "picks.json").write_text(json.dumps(told))
    code, said = desk.florist("picks", "apply", desk.folder / "picks.json", "--archive", desk.archive)
    assert code == 0, said
    [ready, _] = sheet_of(desk).rows
    assert [cell.reason for cell in ready.cells if cell.step == "longer"] == ["picked"] * 2
    desk.florist("continue", "spring", "--archive", desk.archive, "--yes")
    first, second = states(sheet_of(desk))
    assert first == ["line: kept", "line@v2: kept", "longer@line-v2: kept"]
    assert second == ["line: kept", "line@v2: kept", "longer: awaits pick", "longer@line-v2: awaits pick"]


def test_gap_in_the_sheet_is_told_in_the_words_of_the_run(desk):
    desk.sandbox.set_faults(Fault(name="safety_blocked", technique="headline-writer", times=1))
    run(desk)
    [failed] = [cell for row in sheet_of(desk).rows for cell in row.cells if cell.state is CellState.FAILED]
    assert (failed.reason, failed.advice) == (
        "safety_blocked",
        "change its inputs, or pay for it anew by `florist rerun spring --only failed`",
    )
