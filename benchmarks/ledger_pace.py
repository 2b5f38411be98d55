"""Measures what the ledger's rules cost in time, whatever the machine: hundreds of rows in virtual time.

    python -m benchmarks.ledger_pace [--rows 100]      # 500 are what the limits are for; a few minutes

One technique, a POST takes FLORA 1 s (± 20 %), a call of the store 20 ms. What waits, waits in full, but in no
time; what computes costs nothing. `benchmarks.side_by_side` measures the same with real processes.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from florist.ledger import Timing
from tests.ledger.fake_flora import Fault
from tests.ledger.world import Process, World, work

STORE_SECONDS = 0.02
LONGEST_POST = 1.2
LOST = 0.05
ALONE, THREE = 1, 3


@dataclass(frozen=True)
class Pace:
    """How long it took to start all rows, and for how many a person has to decide."""

    seconds: float
    reviews: int
    posts: int


@dataclass(frozen=True)
class Line:
    what: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None
    beside: str = ""

    @property
    def holds(self) -> bool:
        too_much = self.at_most is not None and self.figure > self.at_most
        too_little = self.at_least is not None and self.figure < self.at_least
        return not (too_much or too_little)

    def __str__(self) -> str:
        bound = f"at least {self.at_least}" if self.at_most is None else f"at most {self.at_most}"
        return f"{'ok  ' if self.holds else 'MISS'} {self.what}: {self.figure:.2f} ({bound}) {self.beside}"


def lines(rows: int) -> Iterator[Line]:
    """Measure, and yield each figure as it comes."""
    timing = Timing()
    # For the last row alone: until its request is settled, then patience.
    last_row = timing.open_for.total_seconds() + timing.patience
    replay, duplicate = started("replay", rows), started("duplicate", rows)
    yield Line("replay known, seconds a row", replay.seconds / rows, at_most=0.18)
    yield Line("duplicate, seconds a row", duplicate.seconds / rows, at_most=1.08)
    lost = started("duplicate", rows, lost=LOST)
    assert lost.posts > rows, "too few rows for one in twenty to be lost"
    beside = f"{lost.posts - rows} repeats, {lost.reviews} reviews"
    yield Line("duplicate, 5 % lost to none", (lost.seconds - last_row) / duplicate.seconds, 1.7, beside=beside)
    disjoint = started("duplicate", rows, processes=THREE)
    yield Line("three workers to one, disjoint rows", duplicate.seconds / disjoint.seconds, at_least=2.5)
    same = started("duplicate", rows, processes=THREE, is_shared=True)
    yield Line("three workers to one, the same rows", duplicate.seconds / same.seconds, at_least=0.9)
    for behaviour in ("replay", "duplicate"):
        yield Line(f"killed amid POSTs, {behaviour}: seconds to a new run", restarted(behaviour, rows), 20.0)


def started(
    behaviour: str, rows: int, *, processes: int = ALONE, is_shared: bool = False, lost: float = 0.0
) -> Pace:
    """Have every row started, each by one of the processes or, where they share them, by all."""
    world = _world(behaviour, rows, lost)
    workers = [world.process() for _ in range(processes)]
    wanted = [
        (worker, row)
        for number, worker in enumerate(workers)
        for row in range(rows)
        if is_shared or row % processes == number
    ]

    async def together() -> list[Any]:
        starts = (worker.start(work(str(row))) for worker, row in wanted)
        return await asyncio.gather(*starts, return_exceptions=True)

    began = world.time.seconds
    came = world.run(together())
    assert all(world.charged(work(str(row))) == 1 for row in range(rows))
    reviews = sum(isinstance(each, Exception) for each in came)
    return Pace(world.time.seconds - began, reviews, world.flora.posts)


def restarted(behaviour: str, rows: int) -> float:
    """Kill a process amid its POSTs; return after how many seconds the next one has FLORA make a new row's run."""
    world = _world(behaviour, rows, 0.0)
    victim, heir = world.process(), world.process()

    async def killed() -> float:
        first = asyncio.ensure_future(_all(victim, rows))
        await asyncio.sleep(rows / 20 + 0.3)  # in the middle of a POST, and of the rows
        victim.kill()
        await asyncio.wait({first})
        await asyncio.sleep(LONGEST_POST)  # FLORA goes on with what has reached it
        known, began = len(world.flora.paid_for), world.time.seconds
        second = asyncio.ensure_future(_all(heir, rows))
        while len(world.flora.paid_for) <= known:
            await asyncio.sleep(0.05)
        waited = world.time.seconds - began
        await second
        return waited

    waited: float = world.run(killed())
    assert all(world.charged(work(str(row))) == 1 for row in range(rows))
    return waited


async def _all(process: Process, rows: int) -> list[Any]:
    starts = (process.start(work(str(row))) for row in range(rows))
    return await asyncio.gather(*starts, return_exceptions=True)


def _world(behaviour: str, rows: int, lost: float) -> World:
    world = World(behaviour)
    rng = random.Random(1)
    world.flora.faults = [
        Fault(after=rng.uniform(0.8, LONGEST_POST), is_answered=rng.random() >= lost) for _ in range(4 * rows)
    ]
    for name in ("create", "read", "delete"):
        setattr(world.store, name, _slowly(getattr(world.store, name)))
    return world


def _slowly(call: Any) -> Any:
    async def slow(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(STORE_SECONDS)
        return await call(*args, **kwargs)

    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=100)
    missed = 0
    for line in lines(parser.parse_args().rows):
        print(line, flush=True)
        missed += not line.holds
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
