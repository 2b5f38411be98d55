"""Worker, flow process, server and machine die in the night; nobody touches anything; nothing is paid twice."""

import os
import signal
import time

import pytest

from tests.drills.nights.conftest import Night, Watch, show
from tests.drills.office import children_of, killed_with_its_flow_runs, until, worker

pytestmark = pytest.mark.drill

ROWS = 60
SWEEP = "sweep-archive/nightly-sweep"
MENDED_WITHIN = 300.0


def begun(night: Night, campaign: str, requests: int = 60) -> str:
    """Start a campaign, and wait until it is in full swing."""
    before = night.requests()
    flow_run_id = night.run(campaign, ROWS)
    until(night.requests, lambda now: now >= before + requests)
    return flow_run_id


def test_worker_and_flow_process_killed_are_replaced_without_a_hand(night: Night):
    with worker(night) as pid:
        flow_run_id = begun(night, "worker-dies")
        assert killed_with_its_flow_runs(pid) > 1
    watch = Watch()
    with worker(night):  # as systemd or a container's restart policy starts it
        until(lambda: night.state(flow_run_id), lambda state: state == "Crashed")
        crashed = watch.seconds()
        until(lambda: night.state(flow_run_id), lambda state: state in ("Running", "Retrying"))
        again = watch.seconds()
        assert night.ended(flow_run_id, after=2) == "COMPLETED"
    show(crashed_after=crashed, runs_again_after=again, done_after=watch.seconds())
    show(states=night.history(flow_run_id))
    assert again < MENDED_WITHIN
    night.assert_paid_once("worker-dies", ROWS)


def test_flow_process_killed_under_a_living_worker_is_started_again_once(night: Night):
    with worker(night) as pid:
        flow_run_id = begun(night, "process-dies")
        watch = Watch()
        for child in children_of(pid):
            os.kill(child, signal.SIGKILL)
        assert night.ended(flow_run_id, after=2) == "COMPLETED"
    history = night.history(flow_run_id)
    show(done_after=watch.seconds(), states=history)
    assert history.count("AwaitingRetry") == 1
    night.assert_paid_once("process-dies", ROWS)


@pytest.mark.parametrize("seconds", [5, 120])
def test_server_killed_and_started_again_loses_nothing(night: Night, seconds: int):
    campaign = f"server-dies-{seconds}"
    with worker(night):
        flow_run_id = begun(night, campaign)
        watch = Watch()
        night.kill_server()
        time.sleep(seconds)
        night.start_server()
        down = watch.seconds()
        ended = night.ended(flow_run_id)
        show(down_for=down, done_after=watch.seconds())
        if ended == "CRASHED":  # taken for dead, or really: the automation goes on
            ended = until(lambda: night.ended(flow_run_id), lambda state: state != "CRASHED")
    show(states=night.history(flow_run_id))
    assert ended == "COMPLETED"
    night.assert_paid_once(campaign, ROWS)


def test_machine_that_was_off_for_minutes_goes_on_where_it_was(night: Night):
    with worker(night) as pid:
        flow_run_id = begun(night, "machine-dies")
        night.kill_server()
        killed_with_its_flow_runs(pid)
    # Longer than the window and a minute: Prefect itself would have thrown the window away. And five minutes after
    # the flow run began: a state that follows on another within five is looked at a quarter of an hour later, when
    # the server that knew the other is gone.
    time.sleep(300)
    night.start_server()
    watch = Watch()
    with worker(night):
        assert night.ended(flow_run_id, after=2) == "COMPLETED"
    show(done_after=watch.seconds(), states=night.history(flow_run_id))
    assert watch.seconds() < MENDED_WITHIN
    night.assert_paid_once("machine-dies", ROWS)


def test_flow_run_stuck_in_pending_frees_its_slot_and_is_started_again(night: Night):
    stuck = night.run_deployment(SWEEP, {})
    # What a worker does before it begins the process, and before it is killed.
    night.ask("POST", f"/flow_runs/{stuck}/set_state", state={"type": "PENDING"})
    watch = Watch()
    assert night.slots(SWEEP) == 1
    behind = night.run_deployment(SWEEP, {})
    with worker(night):
        until(lambda: night.state(behind), lambda state: state == "AwaitingConcurrencySlot")
        until(lambda: night.state(stuck), lambda state: state == "NeverStarted")
        freed = watch.seconds()
        until(lambda: night.slots(SWEEP), lambda slots: slots == 0)
        assert night.ended(behind) == "COMPLETED"
        assert night.ended(stuck) == "COMPLETED"
    show(slot_free_after=freed, both_done_after=watch.seconds())
    show(stuck=night.history(stuck), behind=night.history(behind))
    assert night.slots(SWEEP) == 0
