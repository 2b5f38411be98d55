"""How many requests many runs cost, and how soon each end is seen."""

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from florist.api.run_poller import ENDED_RUNS_A_TICK
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
            run = await at.wait(at.flora.add(name, ends=rng.uniform(10, 40)))
            assert run.has_outputs
            returned[name] = now()

    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return returned


def while_all_fly(at: Watching, runs: int) -> dict[float, int]:
    """Return the requests of each tick, of the time in which no lane was idle."""
    last_start = max(at.flora.born.values()) if runs else 0.0
    return {moment: count for moment, count in at.flora.ticks().items() if moment <= last_start}


def ticks_until_seen(at: Watching, name: str) -> int:
    """Return the how-manieth tick after its end told of it."""
    return sum(at.flora.ends[name] <= moment <= at.flora.told[name] for moment in at.flora.ticks())


@pytest.mark.parametrize("arrivals", [0, 1])
@pytest.mark.parametrize("others", [0, 1])
def test_200_runs_in_flight_cost_two_requests_a_tick_for_fifty(
    watching: Make, in_jumping_time: Jump, arrivals: int, others: int
) -> None:
    at = watching(arrivals=arrivals)
    in_jumping_time(waited_for(at, runs=SOME, in_flight=IN_FLIGHT, others=others))
    assert max(at.flora.ticks().values()) <= requests_allowed(IN_FLIGHT)


@pytest.mark.parametrize("outputs_in_history", [True, False])
@pytest.mark.parametrize("arrivals", [0, 1])
def test_200_runs_in_flight_are_each_seen_within_two_ticks_of_their_end(
    watching: Make, in_jumping_time: Jump, arrivals: int, outputs_in_history: bool
) -> None:
    at = watching(arrivals=arrivals, outputs_in_history=outputs_in_history)
    in_jumping_time(waited_for(at, runs=SOME, in_flight=IN_FLIGHT))
    flying = while_all_fly(at, SOME)
    late = [name for name in at.flora.told if name.startswith("run") and ticks_until_seen(at, name) > 2]
    assert [name for name in late if at.flora.ends[name] < max(flying)] == []


def test_ended_runs_are_retrieved_beside_the_looks_and_bounded(watching: Make, in_jumping_time: Jump) -> None:
    at = watching(outputs_in_history=False)
    in_jumping_time(waited_for(at, runs=SOME, in_flight=IN_FLIGHT))
    most = requests_allowed(IN_FLIGHT) + ENDED_RUNS_A_TICK
    assert max(at.flora.ticks().values()) <= most
    assert at.flora.retrieves >= SOME


def test_200_runs_ending_at_once_are_retrieved_once_each(watching: Make, in_jumping_time: Jump) -> None:
    async def act() -> Watching:
        at = watching(outputs_in_history=False)
        ids = [at.flora.add(f"run-{n}", ends=60) for n in range(IN_FLIGHT)]
        await asyncio.gather(*map(at.wait, ids))
        return at

    at = in_jumping_time(act())
    assert at.flora.retrieves == IN_FLIGHT
    assert max(at.flora.ticks().values()) <= 28


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
    assert at.flora.retrieves > 3 * at.flora.pages


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
    assert max(at.flora.ticks().values()) <= requests_allowed(100)


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
