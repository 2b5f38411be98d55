"""`florist run` in a process of its own, as a person meets it."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor, FlowRun

pytestmark = ON_A_FLOOR

HEADLINES = """
name: headlines
description: One step.
steps:
  lines: {technique: headline-writer, inputs: {brief: Spring flowers}}
"""
Command = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def command(prefect_environment: dict[str, str]) -> Command:
    """Start `florist …` against a floor's sandbox and the session's Prefect server."""

    def start(floor: Floor, *arguments: object, merged: bool = False) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "florist.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **prefect_environment, **floor.environment},
        )

    return start


async def newest_flow_run(name: str) -> FlowRun:
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    async with get_client() as client:
        (found,) = await client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name])))
        (*_, state) = await client.read_flow_run_states(found.id)
    state.state_details.flow_run_id = found.id
    return FlowRun(state, None)


def test_command_whose_flow_fails_shows_no_traceback_and_the_server_keeps_it(floor: Floor, command: Command):
    floor.sandbox.set_balance(0)
    name = f"poor-{floor.sandbox.base_url}"
    process = command(floor, "run", floor.pipeline(HEADLINES), "--archive", floor.folder, "--campaign", name)
    out, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in out + said
    assert f"--campaign {name}" in said
    last = said.strip().splitlines()[-1]
    assert last.startswith("florist: ")
    assert "credits" in last
    assert floor.books.total.runs == 0
    log = asyncio.run(asyncio.wait_for(whole_log(name), 60))
    assert any("Traceback" in line.message for line in log)


async def whole_log(name: str):
    return await (await newest_flow_run(name)).log()


def test_command_that_nobody_reads_any_more_collects_what_it_has_paid_for(floor: Floor, command: Command):
    process = command(floor, "run", floor.pipeline(HEADLINES), "--archive", floor.folder, merged=True)
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(120) == 0
    assert (floor.books.total.runs, len(list((floor.folder / "campaigns").rglob("*.txt")))) == (1, 1)


@pytest.mark.drill
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_command_says_how_to_go_on_and_that_costs_nothing_more(
    still_floor: Floor, command: Command, sent: signal.Signals, code: int
):
    pipeline = still_floor.pipeline(HEADLINES)
    process = command(still_floor, "run", pipeline, "--archive", still_floor.folder)
    wait_for_run(still_floor, process)
    process.send_signal(sent)
    out, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "Traceback" not in out + said
    (resume,) = [line for line in said.splitlines() if line.startswith("    florist run")]
    still_floor.sandbox.clock.advance(60)
    again = command(still_floor, *shlex.split(resume)[1:])
    out, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert "resumed" in out
    assert still_floor.books.total.runs == 1


def wait_for_run(floor: Floor, process: subprocess.Popen[str]) -> None:
    """Return once the ledger knows the run that was started."""
    while not any((floor.folder / "ledger/entries").glob("*/*/0002.json")):  # intended, sent, started
        assert process.poll() is None, "it ended before it had started a run"
        time.sleep(0.1)
