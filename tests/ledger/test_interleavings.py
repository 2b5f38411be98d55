"""Two and three processes at once, in any order of deaths, lost answers, pauses and strangers."""

import asyncio
import random
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from florist.api.errors import APIError, BadRequestError, InsufficientCreditsError, RateLimitError
from florist.ledger import State
from florist.ledger.errors import NeedsReviewError, RunUnrecordedError, UnresolvedError
from florist.stores.errors import StoreError, StoreUnavailableError
from tests.ledger.fake_flora import Fault
from tests.ledger.world import TECHNIQUE, KilledError, Process, World, work

ROWS = ("1", "2", "3")
EXPECTED = (APIError, StoreError, NeedsReviewError, UnresolvedError, RunUnrecordedError, KilledError)
RESOLVED = {State.STARTED, State.FINISHED, State.ARCHIVED, State.NEEDS_REVIEW}

FAULTS = st.one_of(
    st.builds(Fault, is_processed=st.booleans(), is_answered=st.booleans(), after=st.floats(0.1, 59)),
    st.sampled_from(
        [
            Fault(refusal=InsufficientCreditsError("none left", status=402, code="insufficient_credits")),
            Fault(refusal=BadRequestError("bad", status=400, code="input_validation_error")),
            Fault(refusal=RateLimitError("slow down", status=429, code="rate_limited", retry_after=3.0)),
        ]
    ),
)


class Spending(RuleBasedStateMachine):
    """Each process starts work when told to; time passes when told to; anything may happen in between."""

    behaviour = "replay"
    actors = 2
    moves_windows = False
    has_strangers = False

    processes = Bundle("processes")

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed):
        self.world = World(self.behaviour)
        self.rng = random.Random(seed)
        self.loop = self.world.time.new_loop()
        self.running = [self.world.process() for _ in range(self.actors)]
        self.tasks = []
        for process in self.running:
            self.slow_down(process)

    def slow_down(self, process: Process) -> None:
        async def take_a_while(key: str) -> None:
            await asyncio.sleep(self.rng.random())

        process.store.hinder = take_a_while

    @rule(index=st.integers(0, 2), row=st.sampled_from(ROWS))
    def start(self, index, row):
        process = self.running[index % self.actors]
        self.tasks.append(self.loop.create_task(process.start(work(row))))

    @rule(seconds=st.one_of(st.floats(0.01, 2), st.floats(1, 100)))
    def let_time_pass(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(index=st.integers(0, 2))
    def kill(self, index):
        self.running[index % self.actors].kill()
        self.running[index % self.actors] = self.world.process()
        self.slow_down(self.running[index % self.actors])

    @rule(index=st.integers(0, 2), point=st.sampled_from(["after record sent", "after post", "after claim"]))
    def kill_at(self, index, point):
        self.running[index % self.actors].dies_at = point

    @rule(fault=FAULTS)
    def break_a_post(self, fault):
        self.world.flora.faults.append(fault)

    @rule(index=st.integers(0, 2), seconds=st.floats(1, 2000))
    def stop_before_sending(self, index, seconds):
        self.running[index % self.actors].flora.stall = seconds

    @rule(index=st.integers(0, 2), times=st.integers(1, 14), seconds=st.floats(0, 60))
    def trouble_the_store(self, index, times, seconds):
        left = [times]

        async def trouble(key: str) -> None:
            await asyncio.sleep(seconds)
            if left[0] > 0:
                left[0] -= 1
                raise StoreUnavailableError("no answer")

        self.running[index % self.actors].store.hinder = trouble

    @rule()
    def start_as_a_stranger(self):
        if self.has_strangers:
            self.world.flora.run_by_stranger(TECHNIQUE)

    @rule(hours=st.sampled_from([1, 3, 25]))
    def move_floras_clock(self, hours):
        # While nothing is on its way: FLORA's clock does not jump in the middle of a request.
        if self.moves_windows and all(process.flora.stall == 0 for process in self.running):
            self.loop.run_until_complete(asyncio.sleep(200))
            while any(task.get_name() == "flora" for task in asyncio.all_tasks(self.loop)):
                self.loop.run_until_complete(asyncio.sleep(5))
            self.world.flora.clock_offset += timedelta(hours=hours)

    @invariant()
    def nothing_is_paid_twice(self):
        if hasattr(self, "world"):
            twice = {key: runs for key, runs in self.world.flora.paid_for.items() if len(runs) > 1}
            assert not twice

    @invariant()
    def nothing_unforeseen_is_raised(self):
        for task in getattr(self, "tasks", ()):
            if task.done() and task.exception() is not None:
                assert isinstance(task.exception(), EXPECTED), task.exception()

    def teardown(self):
        if not hasattr(self, "world"):
            return
        try:
            self.settle_everything()
        finally:
            self.close()

    def settle_everything(self):
        self.world.flora.faults.clear()
        for process in self.running:
            process.dies_at, process.flora.stall, process.store.hinder = None, 0.0, None
        self.loop.run_until_complete(asyncio.sleep(2_000))
        last = self.world.process()
        for _ in range(2):
            self.tasks += [self.loop.create_task(last.start(work(row))) for row in ROWS]
            self.loop.run_until_complete(asyncio.wait(self.tasks))
        self.nothing_is_paid_twice()
        self.nothing_unforeseen_is_raised()
        entries = self.loop.run_until_complete(self.world.ledger.entries())
        assert {entry.state for entry in entries} <= RESOLVED
        for entry in entries:
            assert self.is_rightly_resolved(entry), entry
        claimed = [entry.run_id for entry in entries if entry.has_run]
        assert len(claimed) == len(set(claimed))

    def is_rightly_resolved(self, entry):
        if entry.state is State.NEEDS_REVIEW:
            return self.may_need_review(entry)
        return self.world.flora.paid_for[entry.key] == [entry.run_id]

    def may_need_review(self, entry):
        return self.behaviour == "duplicate" or self.moves_windows

    def close(self):
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        for process in self.running:
            process.kill()
        pending = asyncio.all_tasks(self.loop)
        if pending:
            self.loop.run_until_complete(asyncio.wait(pending))
        for task in self.tasks:
            if task.done() and not task.cancelled():
                task.exception()
        self.loop.close()


def machine(name: str, **settings_of_it):
    return type(name, (Spending,), settings_of_it)


def explore(kind, examples: int) -> None:
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_two_processes_in_any_order_pay_once_and_leave_no_review_where_flora_replays():
    explore(machine("TwoReplay", has_strangers=True), 60)


def test_three_processes_in_any_order_pay_once_where_flora_only_says_duplicate():
    explore(machine("ThreeDuplicate", behaviour="duplicate", actors=3, has_strangers=True), 60)


def test_processes_pay_once_though_floras_memory_ends():
    explore(machine("Windows", behaviour="duplicate", moves_windows=True, has_strangers=True), 60)
