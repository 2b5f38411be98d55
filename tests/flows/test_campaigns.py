"""A campaign of 24 rows as Prefect shows it, and as `florist run` tells it."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.campaigns.bad_night import FAULTS, PIPELINE, REASONS, pictures, reasons
from tests.flows.command import Command, command
from tests.flows.conftest import ON_A_FLOOR, Floor, FlowRun, floor_in

__all__ = ["command"]

pytestmark = ON_A_FLOOR

LINES_AT_MOST = 40


@pytest.fixture(scope="module")
def floor(workspace_type: type[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with floor_in(tmp_path_factory.mktemp("night"), workspace_type, duration_scale=0) as opened:
        opened.sandbox.set_faults(*FAULTS)
        yield opened


@pytest.fixture(scope="module")
def night(floor: Floor) -> FlowRun:
    """One flow run for all tests here."""
    rows = pictures(floor.folder.parent)
    (floor.folder.parent / "rows.json").write_text(json.dumps(rows))
    return asyncio.run(floor.run_pipeline(floor.pipeline(PIPELINE), rows=rows, campaign="spring"))


def test_flow_with_gaps_ends_in_a_state_of_its_own_that_names_them(floor: Floor, night: FlowRun):
    assert (night.state.type.value, night.state.name) == ("COMPLETED", "CompletedWithGaps")
    assert night.state.message.startswith("21 of 24 rows, $")
    assert "9 gaps: V-0" in night.state.message
    assert reasons(night.outcome) == REASONS
    assert night.outcome.charged_usd == floor.books.total.charged_usd


async def test_flow_logs_a_line_for_each_gap_that_was_begun_and_few_others(night: FlowRun):
    lines = [line.message for line in await night.log()]
    assert len(lines) <= LINES_AT_MOST, "\n".join(lines)
    assert len([line for line in lines if line.startswith("gap: V-0")]) == 3
    assert any(line.startswith("gap: 6 cells in 3 rows (V-0") for line in lines)


async def test_flow_shows_progress_and_the_gaps_first(night: FlowRun):
    artifacts = await night.artifacts()
    progress = artifacts["progress-spring"]
    assert float(progress.data) == 100.0
    assert progress.description.startswith("21 of 24 rows, 0 in flight, 9 gaps")
    made = json.loads(artifacts["made-spring"].data)
    assert [line["came"] for line in made[:9]].count("not started") == 6
    assert list(made[-1])[:5] == ["row", "step", "came", "charged", "file"]  # as many as fit a page
    assert made[-1]["key"].endswith(made[-1]["file"])


async def test_report_of_a_flow_has_bill_gaps_pictures_and_plan_in_one_order(floor: Floor, night: FlowRun):
    report = (await night.artifacts())["report-spring"]
    headings = re.findall(r"^## (.*)", report.data, re.M)
    assert headings == ["Bill", "Gaps: 9", "Pictures", "Plan, before the first run"]
    assert rf"\${floor.books.total.charged_usd}" in report.data
    assert "**V-007/caption**: unusable\\_file" in report.data
    assert "florist gallery spring --open" in report.data
    assert report.description.splitlines()[2] == "21 of 24 rows"


async def test_flow_of_24_rows_is_24_task_runs(night: FlowRun):
    assert len(await night.task_runs(24)) == 24


def test_command_with_gaps_exits_with_three_and_tells_events_as_lines(
    floor: Floor, night: FlowRun, command: Command
):
    folder = floor.folder.parent
    words = ["run", floor.written[0], "--archive", floor.folder, "--rows", folder / "rows.json", "--json"]
    out, said = (process := command(floor, *words, "--campaign", "spring")).communicate(timeout=120)
    events = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 3, said
    assert (events[0]["event"], events[0]["rows"], events[-1]["event"]) == ("plan", 24, "end")
    assert (events[-1]["state"], float(events[-1]["new_usd"])) == ("CompletedWithGaps", 0)
    assert [event["reason"] for event in events if event["event"] == "gap"].count("safety_blocked") == 2
    assert "21 of 24 rows" in said.splitlines()[-1]
    assert "gap: V-007/caption: unusable_file; replace the file" in said
