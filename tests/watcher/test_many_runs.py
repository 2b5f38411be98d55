"""How many requests many runs cost, and how soon each end is seen."""

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from florist.api.watching_schedule import requests_allowed

Watching = Any
Make = Callable[..., Watching]
Jump = Callable[[Coroutine[Any, Any, Any]], Any]
IN_FLIGHT = 200
SOME = 600


def now() -> float:
    return asyncio.get_running_loop().time()


async def waited_for(at: Watching, *, runs: int, in_flight: int, others: int = 0) -> dict[str, float]:
    """Keep so many runs in flight until all have been waited for; return when each wait returned."""
    rng = random.Random(4)
    names = iter([f"run-{n}" for n in range(runs)])
    returned: dict[str, float] = {}

    async def lane() -> None:
        for name in names:
            at.flora.add_others(others)
            run = await at.wait(at.flora.add(name, ends=rng.uniform(10, 40)), just_started=True)
            assert run.has_outputs
            returned[name] = now()

    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return returned


def while_all_fly(at: Watching) -> dict[float, int]:
    """Return the requests of each tick, of the time in which no lane was idle."""
    last_start = max(at.flora.born.values())
    return {moment: count for moment, count in at.flora.ticks().items() if moment <= last_start}


def late(at: Watching, returned: dict[str, float]) -> list[float]:
    """Return how long after its end each wait returned, in order."""
    return sorted(moment - at.flora.ends[name] for name, moment in returned.items())


@pytest.mark.parametrize("arrivals", [0, 1])
@pytest.mark.parametrize("others", [0, 1])
def test_200_runs_in_flight_cost_two_requests_at_once_for_fifty(
    watching: Make, in_jumping_time: Jump, arrivals: int, others: int
) -> None:
    at = watching(arrivals=arrivals)
    in_jumping_time(waited_for(at, runs=SOME, in_flight=IN_FLIGHT, others=others))
    assert max(while_all_fly(at).values()) <= requests_allowed(IN_FLIGHT)


@pytest.mark.parametrize("outputs_in_history", [True, False])
@pytest.mark.parametrize("arrivals", [0, 1])
def test_200_runs_in_flight_are_each_seen_within_seconds_of_their_end(
    watching: Make, in_jumping_time: Jump, arrivals: int, outputs_in_history: bool
) -> None:
    at = watching(arrivals=arrivals, outputs_in_history=outputs_in_history)
    ends_late = late(at, in_jumping_time(waited_for(at, runs=SOME, in_flight=IN_FLIGHT)))
    assert (ends_late[SOME // 2] < 1.2, ends_late[9 * SOME // 10] < 2.3, ends_late[-1] < 10) == (True, True, True)


@pytest.mark.parametrize("outputs_in_history", [True, False])
def test_50_runs_of_one_length_are_each_seen_at_their_end_once_it_is_known(
    watching: Make, in_jumping_time: Jump, outputs_in_history: bool
) -> None:
    at = watching(outputs_in_history=outputs_in_history)

    async def wait(number: int) -> tuple[str, float]:
        await asyncio.sleep(number / 10)
        run = await at.wait(at.flora.add(f"run-{number}", ends=3), just_started=True)
        return run.run_id, now()

    async def act() -> dict[str, float]:
        return dict(await asyncio.gather(*map(wait, range(50))))

    ends_late = late(at, in_jumping_time(act()))
    assert (ends_late[45] < 0.2, ends_late[-1] < 2) == (True, True)


def test_pages_are_read_a_second_apart_at_the_least(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=5 + n / 10) for n in range(50)]
        await asyncio.gather(*(at.wait(run_id, just_started=True) for run_id in ids))
        return at

    moments = [moment for moment, name in in_jumping_time(act()).flora.requests if name == "page"]
    assert all(later - sooner >= 1 for sooner, later in itertools.pairwise(moments))
    assert len(moments) > 1


def test_nothing_is_asked_until_a_run_may_have_ended(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        await at.wait(at.flora.add("first", ends=60))
        at.flora.requests.clear()
        ids = [at.flora.add(f"run-{n}", ends=60) for n in range(IN_FLIGHT)]
        await asyncio.gather(*(at.wait(run_id, just_started=True) for run_id in ids))
        return at

    at = in_jumping_time(act())
    assert at.flora.requests[0][0] >= at.flora.ends["run-0"]
    assert len(at.flora.requests) == IN_FLIGHT / 50


def test_runs_of_an_unknown_technique_beyond_fifty_wait_for_what_those_teach(
    watching: Make, in_jumping_time: Jump
) -> None:
    async def act() -> Watching:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=4.5) for n in range(IN_FLIGHT)]
        await asyncio.gather(*(at.wait(run_id, just_started=True) for run_id in ids))
        return at

    at = in_jumping_time(act())
    assert at.flora.pages <= 2 * IN_FLIGHT / 50 + 2
    assert max(at.flora.told.values()) < 6.1


def test_the_last_of_many_runs_are_still_found_on_pages(watching: Make, in_jumping_time: Jump) -> None:
    at = watching()

    async def wait(number: int) -> None:
        await asyncio.sleep(number / 30)
        await at.wait(at.flora.add(f"run-{number}", ends=5), just_started=True)

    async def act() -> None:
        await asyncio.gather(*map(wait, range(90)))

    in_jumping_time(act())
    assert at.flora.retrieves <= 9


def test_other_peoples_runs_on_a_page_tell_how_long_a_technique_takes(
    watching: Make, in_jumping_time: Jump
) -> None:
    async def act() -> Watching:
        at = watching()
        at.flora.add("stranger", ends=40)
        await asyncio.sleep(100)
        ids = [at.flora.add(f"run-{n}", ends=40) for n in range(40)]
        await asyncio.gather(*(at.wait(run_id, technique="tech_1", just_started=True) for run_id in ids))
        return at

    at = in_jumping_time(act())
    assert [name for moment, name in at.flora.requests] == ["page", "page"]


def test_200_runs_ending_at_once_are_retrieved_once_each_and_soon(watching: Make, in_jumping_time: Jump) -> None:
    at = watching(outputs_in_history=False)

    async def wait(number: int) -> tuple[str, float]:
        run = await at.wait(at.flora.add(f"run-{number}", ends=60), just_started=True)
        return run.run_id, now()

    async def act() -> dict[str, float]:
        return dict(await asyncio.gather(*map(wait, range(IN_FLIGHT))))

    assert late(at, in_jumping_time(act()))[-1] < 5
    assert at.flora.retrieves == IN_FLIGHT


def test_three_runs_are_retrieved_without_a_page(watching: Make, in_jumping_time: Jump) -> None:
    at = watching()
    in_jumping_time(waited_for(at, runs=9, in_flight=3))
    assert at.flora.pages == 0


def test_runs_on_one_page_cost_one_request_a_tick(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=60) for n in range(50)]
        await asyncio.gather(*map(at.wait, ids))
        return at

    assert set(in_jumping_time(act()).flora.ticks().values()) == {1}


def test_runs_strewn_thinly_over_history_are_mostly_retrieved(watching: Make, in_jumping_time: Jump) -> None:
    at = watching()
    in_jumping_time(waited_for(at, runs=20, in_flight=20, others=100))
    assert at.flora.retrieves > 2 * at.flora.pages


def test_runs_below_a_thousand_newer_ones_are_found_again_without_reading_those(
    watching: Make, in_jumping_time: Jump
) -> None:
    async def act() -> Watching:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=600) for n in range(IN_FLIGHT)]
        at.flora.add_others(1000)
        await asyncio.gather(*map(at.wait, ids))
        return at

    at = in_jumping_time(act())
    late = [count for moment, count in at.flora.ticks().items() if 100 < moment < 600]
    assert max(late) <= 5


def test_runs_history_does_not_show_are_retrieved_within_the_allowance(
    watching: Make, in_jumping_time: Jump
) -> None:
    at = watching()
    at.flora.hidden = {f"run-{n}" for n in range(100)}
    in_jumping_time(waited_for(at, runs=100, in_flight=100))
    while_more_than_a_page_fly = sorted(at.flora.ends.values())[50]
    counts = [count for moment, count in at.flora.ticks().items() if moment < while_more_than_a_page_fly]
    assert max(counts) <= requests_allowed(100)


def test_both_routes_share_one_allowance(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=60) for n in range(50)]
        routes = itertools.cycle(["technique", "generation"])
        await asyncio.gather(*(at.wait(name, route=next(routes)) for name in ids))
        return at

    assert max(in_jumping_time(act()).flora.ticks().values()) <= requests_allowed(50)


def test_cursor_flora_no_longer_takes_is_tried_once(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching()
        ids = [at.flora.add(f"run-{n}", ends=300) for n in range(40)]
        at.flora.add_others(100)
        at.flora.cursors_expire_at = 20.0
        await asyncio.gather(*map(at.wait, ids))
        return at

    at = in_jumping_time(act())
    assert at.flora.told.keys() >= {f"run-{n}" for n in range(40)}
    assert at.flora.cursors_refused == 1
