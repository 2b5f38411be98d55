"""How runs end, and which may be tried again."""

import pytest

from florist.ledger import How, RunFacts, State, next_attempt, restart
from tests.ledger.world import World, completed, work

FAILED = {"status": "failed", "outputs": ()}


@pytest.mark.parametrize("code", ["model_timeout", "internal_error", "provider_error"])
def test_run_failed_for_a_passing_reason_may_be_tried_twice_more(code):
    ended = RunFacts.of(completed("run_1", **FAILED, error_code=code))
    assert [next_attempt(ended, attempt) for attempt in range(3)] == [1, 2, None]


@pytest.mark.parametrize("code", ["safety_blocked", "input_unreachable", "not_known_yet", None])
def test_run_failed_for_good_is_not_tried_again(code):
    assert next_attempt(RunFacts.of(completed("run_1", **FAILED, error_code=code)), 0) is None


def test_run_completed_without_outputs_is_not_tried_again():
    assert next_attempt(RunFacts.of(completed("run_1", outputs=(), error_code="internal_error")), 0) is None


def test_next_attempt_of_failed_work_is_an_entry_of_its_own():
    world = World()
    process = world.process()
    first = world.run(process.start(work()))
    world.run(process.spender.finished(first.entry, completed("run_0001", **FAILED, error_code="model_timeout")))
    second = world.start(work().at_attempt(1))
    again = world.start()
    assert (second.how, second.run_id) == (How.NEW, "run_0002")
    assert (again.run_id, again.entry.ended.error_code) == ("run_0001", "model_timeout")
    assert "model_timeout" in again.reason


def test_ending_recorded_twice_is_one_record():
    world = World()
    process = world.process()
    started = world.run(process.start(work()))
    for _ in range(2):
        world.run(process.spender.finished(started.entry, completed("run_0001")))
    assert world.entry().number == 2


def test_archived_after_finished_keeps_both():
    world = World()
    process = world.process()
    started = world.run(process.start(work()))
    world.run(process.spender.finished(started.entry, completed("run_0001")))
    world.run(process.spender.archived(started.entry, completed("run_0001"), "x.json"))
    entry = world.entry()
    assert (entry.state, entry.manifest_key, entry.ended.outputs) == (State.ARCHIVED, "x.json", 1)


def test_finished_after_archived_changes_nothing():
    world = World()
    process = world.process()
    started = world.run(process.start(work()))
    world.run(process.spender.archived(started.entry, completed("run_0001"), "x.json"))
    world.run(process.spender.finished(started.entry, completed("run_0001")))
    assert world.entry().state is State.ARCHIVED


def test_ending_of_a_run_given_up_by_hand_is_not_recorded():
    world = World()
    process = world.process()
    started = world.run(process.start(work()))
    world.run(restart(world.ledger, started.entry, gives_up_run=True))
    world.run(process.spender.archived(started.entry, completed("run_0001"), "x.json"))
    assert world.entry().state is State.INTENDED
