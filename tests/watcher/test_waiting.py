"""What a waiter gets, whatever happens to the run, to FLORA, and to the other waiters."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from florist.api.errors import (
    APIConnectionError,
    APIResponseValidationError,
    AuthenticationError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    RunStillPending,
    RunWithoutOutputsError,
)
from florist.api.models import Run, RunStatus
from florist.api.watching_schedule import AFTER_THE_END

Watching = Any
Make = Callable[..., Watching]
Jump = Callable[[Coroutine[Any, Any, Any]], Any]


def now() -> float:
    return asyncio.get_running_loop().time()


async def gathered(*waits: Coroutine[Any, Any, Run]) -> list[Run | BaseException]:
    return await asyncio.gather(*waits, return_exceptions=True)


def test_wait_completed_run_brings_its_outputs(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Run:
        at = watching()
        return await at.wait(at.flora.add("run-1", ends=30))

    run = in_jumping_time(act())
    assert (run.status, len(run.outputs)) == (RunStatus.COMPLETED, 1)


def test_wait_failed_run_is_returned_not_raised(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Run:
        at = watching()
        return await at.wait(at.flora.add("run-1", ends=30, outcome=RunStatus.FAILED))

    assert in_jumping_time(act()).error_code == "provider_error"


def test_wait_window_closes_raises_with_the_last_seen_run(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> float:
        at = watching()
        with pytest.raises(RunStillPending) as raised:
            await at.wait(at.flora.add("run-1", ends=100), window=30)
        assert raised.value.run.status is RunStatus.RUNNING
        return now()

    assert in_jumping_time(act()) == 30


def test_wait_window_shorter_than_the_first_look_raises_pending_unasked(
    watching: Make, in_jumping_time: Jump
) -> None:
    async def act() -> Watching:
        at = watching()
        with pytest.raises(RunStillPending) as raised:
            await at.wait(at.flora.add("run-1", ends=100), window=30, expected_seconds=100)
        assert raised.value.run.status is RunStatus.PENDING
        return at

    assert in_jumping_time(act()).flora.requests == []


def test_wait_next_window_keeps_the_timetable(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        at.flora.add("run-1", ends=90)
        for _ in range(3):
            with pytest.raises(RunStillPending):
                await at.wait("run-1", window=30, expected_seconds=100)
        await at.wait("run-1", window=30, expected_seconds=100)
        return at

    assert in_jumping_time(act()).flora.requests[0][0] == 80


def test_wait_unfinished_run_left_for_long_is_forgotten(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        with pytest.raises(RunStillPending):
            await at.wait(at.flora.add("run-1", ends=5000), window=30)
        await asyncio.sleep(700)
        await at.wait(at.flora.add("run-2", ends=1))
        return at

    at = in_jumping_time(act())
    assert (at.watcher._left, at.watcher._waited) == ({}, {})


@pytest.mark.parametrize("waiting", [1, 10])
def test_wait_completed_without_outputs_raises_after_one_retrieve(
    watching: Make, in_jumping_time: Jump, waiting: int
) -> None:
    async def act() -> list[Run | BaseException]:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=30, outputs=0) for n in range(waiting)]
        return await gathered(*map(at.wait, ids))

    assert {type(outcome) for outcome in in_jumping_time(act())} == {RunWithoutOutputsError}


def test_wait_outputs_missing_in_history_costs_one_retrieve_each(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> tuple[Watching, list[Run]]:
        at = watching(outputs_in_history=False)
        ids = [at.flora.add(f"run-{n}", ends=30) for n in range(10)]
        return at, await asyncio.gather(*map(at.wait, ids))

    at, runs = in_jumping_time(act())
    assert all(run.has_outputs for run in runs)
    assert at.flora.retrieves == 10


def test_tell_ended_looks_at_once_and_only_at_that_run(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> tuple[Watching, float]:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=5) for n in range(10)]
        waits = [asyncio.ensure_future(at.wait(run_id, expected_seconds=50)) for run_id in ids]
        await asyncio.sleep(7)
        at.watcher.tell_ended("run-3")
        at.watcher.tell_ended("never-heard-of")
        await waits[3]
        told_at = now()
        await asyncio.gather(*waits)
        return at, told_at

    at, told_at = in_jumping_time(act())
    assert (told_at, at.flora.requests[0]) == (7, (7, "run-3"))
    assert at.flora.requests[1][0] == 40


def test_tell_ended_between_two_windows_is_remembered(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> float:
        at = watching()
        with pytest.raises(RunStillPending):
            await at.wait(at.flora.add("run-1", ends=31), window=30, expected_seconds=100)
        await asyncio.sleep(2)
        at.watcher.tell_ended("run-1")
        await at.wait("run-1", window=30)
        return now()

    assert in_jumping_time(act()) == 32


def test_tell_ended_too_early_keeps_waiting(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Run:
        at = watching()
        wait = asyncio.ensure_future(at.wait(at.flora.add("run-1", ends=60)))
        await asyncio.sleep(7)
        at.watcher.tell_ended("run-1")
        return await wait

    assert in_jumping_time(act()).is_finished


def test_waiters_of_one_run_share_its_looks(watching: Make, in_jumping_time: Jump) -> None:
    async def act(waiters: int) -> int:
        at = watching()
        at.flora.add("run-1", ends=30)
        await asyncio.gather(*(at.wait("run-1") for _ in range(waiters)))
        return len(at.flora.requests)

    assert in_jumping_time(act(20)) == in_jumping_time(act(1))


def test_waiter_cancelled_leaves_the_others_alone(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> list[Run | BaseException]:
        at = watching()
        at.flora.add("run-1", ends=30)
        waits = [asyncio.ensure_future(at.wait("run-1")) for _ in range(3)]
        await asyncio.sleep(10)
        waits[0].cancel()
        return await asyncio.gather(*waits, return_exceptions=True)

    first, *others = in_jumping_time(act())
    assert isinstance(first, asyncio.CancelledError)
    assert all(isinstance(run, Run) for run in others)


def test_last_waiter_cancelled_ends_the_poller(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> tuple[int, int]:
        at = watching()
        wait = asyncio.ensure_future(at.wait(at.flora.add("run-1", ends=1000)))
        await asyncio.sleep(10)
        wait.cancel()
        await asyncio.sleep(1)
        requests = len(at.flora.requests)
        await asyncio.sleep(100)
        return len(at.flora.requests) - requests, len(asyncio.all_tasks())

    assert in_jumping_time(act()) == (0, 1)


def test_poller_cancelled_by_somebody_cancels_the_waiters(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> None:
        at = watching()
        wait = asyncio.ensure_future(at.wait(at.flora.add("run-1", ends=1000)))
        await asyncio.sleep(10)
        at.watcher._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait

    in_jumping_time(act())


@pytest.mark.parametrize("waiting", [2, 60])
def test_key_that_is_no_good_reaches_every_waiter_and_the_next_starts_afresh(
    watching: Make, in_jumping_time: Jump, waiting: int
) -> None:
    async def act() -> tuple[list[Run | BaseException], Run]:
        at = watching()
        at.flora.faults = iter([None, None, None, AuthenticationError("no", status=401)])
        ids = [at.flora.add(f"run-{n}", ends=30) for n in range(waiting)]
        outcomes = await gathered(*map(at.wait, ids))
        return outcomes, await at.wait("run-0")

    outcomes, run = in_jumping_time(act())
    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert run.is_finished


@pytest.mark.parametrize(("waiting", "failed"), [(2, 1), (60, 0)])
def test_error_never_heard_of_concerns_the_run_or_page_whose_answer_it_came_of(
    watching: Make, in_jumping_time: Jump, waiting: int, failed: int
) -> None:
    async def act() -> list[Run | BaseException]:
        at = watching()
        at.flora.faults = iter([ValueError("a bug")])
        return await gathered(*(at.wait(at.flora.add(f"run-{n}", ends=30)) for n in range(waiting)))

    assert [type(outcome) for outcome in in_jumping_time(act())].count(ValueError) == failed


@pytest.mark.parametrize("waiting", [1, 10])
def test_429_is_left_alone_for_what_it_asks(watching: Make, in_jumping_time: Jump, waiting: int) -> None:
    async def act() -> Watching:
        at = watching()
        at.flora.faults = iter([RateLimitError("slow down", status=429, retry_after=40)])
        await asyncio.gather(*(at.wait(at.flora.add(f"run-{n}", ends=10)) for n in range(waiting)))
        return at

    first, *later = in_jumping_time(act()).flora.requests
    assert (first[0], later[0][0]) == (0, 40)


@pytest.mark.parametrize("waiting", [1, 4, 60])
def test_every_third_request_in_trouble_fails_no_run(watching: Make, in_jumping_time: Jump, waiting: int) -> None:
    kinds = [
        InternalServerError("down", status=500),
        RateLimitError("slow", status=429),
        APIConnectionError("gone"),
    ]
    every_third = itertools.cycle(fault for kind in kinds for fault in (None, None, kind))

    async def act() -> list[Run]:
        at = watching(outputs_in_history=False)
        at.flora.faults = every_third
        return await asyncio.gather(*(at.wait(at.flora.add(f"run-{n}", ends=n)) for n in range(waiting)))

    assert all(run.has_outputs for run in in_jumping_time(act()))


def test_flora_down_for_the_whole_window_leaves_the_run_pending(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        at.flora.faults = itertools.chain([None], itertools.repeat(InternalServerError("down", status=503)))
        with pytest.raises(RunStillPending) as raised:
            await at.wait(at.flora.add("run-1", ends=10), window=100)
        assert raised.value.run.status is RunStatus.RUNNING
        return at

    moments = [at for at, _ in in_jumping_time(act()).flora.requests]
    assert moments == [0, 2, 4, 8, 16, 32, 62, 92]


@pytest.mark.parametrize("just_started", [False, True])
def test_unknown_run_is_not_found_at_once_or_after_a_minute_if_just_started_and_alone(
    watching: Make, in_jumping_time: Jump, just_started: bool
) -> None:
    async def act() -> tuple[float, Run]:
        at = watching()
        other = asyncio.ensure_future(at.wait(at.flora.add("run-1", ends=200)))
        with pytest.raises(NotFoundError):
            await at.wait("run-unknown", just_started=just_started)
        return now(), await other

    failed_at, other = in_jumping_time(act())
    assert failed_at >= 60 if just_started else failed_at == 0
    assert other.is_finished


def test_wait_of_a_run_not_just_started_asks_at_once_whatever_its_technique_takes(
    watching: Make, in_jumping_time: Jump
) -> None:
    async def act() -> float:
        at = watching()
        await at.wait(at.flora.add("run-1", ends=40))
        began = now()
        with pytest.raises(NotFoundError):
            await at.wait("run-unknown")
        return now() - began

    assert in_jumping_time(act()) <= 2


def test_run_known_late_is_found(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Run:
        at = watching()
        wait = asyncio.ensure_future(at.wait("run-1", just_started=True))
        await asyncio.sleep(40)
        at.flora.add("run-1", ends=10)
        return await wait

    assert in_jumping_time(act()).is_finished


def test_history_unreadable_falls_back_to_retrieves(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> list[Run]:
        at = watching()
        at.flora.unreadable = {"page"}
        return await asyncio.gather(*(at.wait(at.flora.add(f"run-{n}", ends=10)) for n in range(10)))

    assert all(run.is_finished for run in in_jumping_time(act()))


def test_run_unreadable_thrice_reaches_its_waiters_alone(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> list[Run | BaseException]:
        at = watching()
        at.flora.unreadable = {"run-0"}
        return await gathered(*(at.wait(at.flora.add(f"run-{n}", ends=30)) for n in range(3)))

    first, *others = in_jumping_time(act())
    assert isinstance(first, APIResponseValidationError)
    assert all(isinstance(run, Run) for run in others)


def test_first_look_comes_near_the_expected_end(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        await at.wait(at.flora.add("run-1", ends=60), expected_seconds=60)
        return at

    assert [at for at, _ in in_jumping_time(act()).flora.requests] == [48, 51, 53.25, 55.25, 57.25, 59.25, 61.25]


def test_duration_of_a_technique_is_learnt_from_its_runs(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        await at.wait(at.flora.add("run-1", ends=40))
        at.flora.requests.clear()
        at.began = now()
        await at.wait(at.flora.add("run-2", ends=40), just_started=True)
        return at

    at = in_jumping_time(act())
    assert at.flora.requests[0][0] == pytest.approx(at.began + 40 + AFTER_THE_END)


def test_looks_at_one_run_keep_the_pace(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        await at.wait(at.flora.add("run-1", ends=300))
        return at

    moments = [at for at, _ in in_jumping_time(act()).flora.requests]
    assert all(2 <= later - sooner <= 5 for sooner, later in itertools.pairwise(moments))


def test_waits_following_one_another_never_ask_faster_than_the_pace(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        at.flora.add("run-1", ends=300)
        for _ in range(100):
            with pytest.raises(RunStillPending):
                await at.wait("run-1", window=0.1, expected_seconds=0)
        return at

    moments = [at for at, _ in in_jumping_time(act()).flora.requests]
    assert all(later - sooner >= 2 for sooner, later in itertools.pairwise(moments))
    assert len(moments) > 1


def test_generation_is_waited_for_on_its_own_route(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Run:
        at = watching()
        return await at.wait(at.flora.add("run-1", ends=10), technique=None, route="generation")

    assert in_jumping_time(act()).is_finished


def test_close_tells_the_waiters_and_leaves_no_task(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> int:
        at = watching()
        wait = asyncio.ensure_future(at.wait(at.flora.add("run-1", ends=1000)))
        await asyncio.sleep(10)
        await at.watcher.aclose()
        with pytest.raises(APIConnectionError, match="run-1"):
            await wait
        with pytest.raises(RuntimeError):
            await at.wait("run-1")
        return len(asyncio.all_tasks())

    assert in_jumping_time(act()) == 1


def test_finished_runs_are_forgotten(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        await asyncio.gather(*(at.wait(at.flora.add(f"run-{n}", ends=10)) for n in range(10)))
        return at

    watcher = in_jumping_time(act()).watcher
    assert (watcher._waited, watcher._left) == ({}, {})


def test_run_found_in_flight_is_expected_by_when_flora_created_it(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        await at.wait(at.flora.add("run-1", ends=40))
        at.flora.add("run-2", ends=40)
        await asyncio.sleep(20)
        at.flora.requests.clear()
        at.began = now()
        await at.wait("run-2", expected_seconds=0)
        return at

    at = in_jumping_time(act())
    assert [moment - at.began for moment, _ in at.flora.requests] == pytest.approx([0, 20 + AFTER_THE_END])


def test_age_of_a_run_counts_from_its_start_not_from_the_wait(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> float:
        at = watching()
        await at.wait(at.flora.add("run-1", ends=40))
        at.watcher._started_at = at.flora.born.get
        at.flora.add("run-2", ends=40)
        await asyncio.sleep(15)
        await at.wait("run-2")
        return now() - at.flora.ends["run-2"]

    assert in_jumping_time(act()) == pytest.approx(AFTER_THE_END)


def test_runs_of_one_technique_teach_those_already_waited_for(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        late = [at.flora.add("first", ends=40)]
        await asyncio.sleep(10)
        late += [at.flora.add(f"run-{n}", ends=40) for n in range(3)]
        await asyncio.gather(*(at.wait(run_id, just_started=True) for run_id in late[1:]), at.wait("first"))
        return at

    at = in_jumping_time(act())
    assert at.flora.told["run-0"] == pytest.approx(at.flora.ends["run-0"] + AFTER_THE_END)
