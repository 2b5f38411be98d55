"""A flow run whose process was killed is shown as crashed by the next one of its campaign."""

import os
import subprocess
import sys

import pytest

from flows.tasks.predecessors import is_killed, process_labels
from tests.flows.conftest import ON_A_FLOOR, Floor

OURS = process_labels(os.getpid())
THEIRS = {**(OURS or {}), "florist.campaign": "spring"}


@pytest.fixture
def gone() -> dict[str, str]:
    """The labels of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        labels = process_labels(process.pid)
        process.communicate(b"\n")
    assert labels
    return {**labels, "florist.campaign": "spring"}


def test_process_that_has_ended_is_killed_and_one_that_lives_is_not(gone):
    assert is_killed(gone, "spring", OURS)
    assert not is_killed(THEIRS, "spring", OURS)


def test_process_of_another_start_under_the_same_pid_is_not_the_one(gone):
    assert is_killed({**THEIRS, "florist.began": "1"}, "spring", OURS)


@pytest.mark.parametrize("name", ["florist.boot", "florist.pid_namespace", "florist.campaign"])
def test_process_of_another_machine_container_or_campaign_is_left_alone(gone, name):
    assert not is_killed({**gone, name: "another"}, "spring", OURS)
    assert not is_killed({}, "spring", OURS)


class TestOnAServer:
    pytestmark = ON_A_FLOOR

    async def test_flow_run_of_a_killed_process_is_marked_by_its_successor(self, floor: Floor, gone):
        from prefect import get_client
        from prefect.states import Running

        first = await floor.headlines(campaign="spring")
        async with get_client() as client:
            killed = first.state.state_details.flow_run_id
            await client.update_flow_run_labels(killed, gone)
            await client.set_flow_run_state(killed, Running(), force=True)
            await floor.headlines(campaign="spring")
            assert (await client.read_flow_run(killed)).state.is_crashed()
