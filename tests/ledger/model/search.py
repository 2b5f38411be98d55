"""Explores every state of the model that can be reached, breadth first, and says how a bad one came about."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tests.ledger.model.moves import moves
from tests.ledger.model.states import LAST_TICK, Setting, World, canonical, first_world

ENDS = {"started", "review"}
TICKS_TO_AN_END = 3
"""What is left of the model's time must suffice for what was sent last to become mature."""


@dataclass(frozen=True)
class Explored:
    """What came of it.

    Attributes:
        broken: what does not hold; empty if all does.
        trace: how it came about, shortest first.
    """

    states: int
    broken: str = ""
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n  ".join((f"{self.broken or 'holds'} ({self.states} states)", *self.trace))


def explored(setting: Setting) -> Explored:
    """Return whether every reachable state of a configuration is sound, and leads to an end."""
    first = first_world(setting)
    came_from: dict[World, tuple[World, str] | None] = {first: None}
    before: dict[World, list[World]] = {}
    waiting = deque([first])
    while waiting:
        world = waiting.popleft()
        broken = broken_in(world)
        if broken:
            return Explored(len(came_from), broken, _trace(world, came_from))
        for name, moved in moves(world, setting):
            following = canonical(moved)
            before.setdefault(following, []).append(world)
            if following not in came_from:
                came_from[following] = world, name
                waiting.append(following)
    stuck = _stuck(came_from, before)
    if stuck is not None:
        return Explored(len(came_from), "no end can be reached", _trace(stuck, came_from))
    return Explored(len(came_from))


def broken_in(world: World) -> str:
    """Return which promise a state breaks; an empty string if none."""
    for index in range(len(world.rows)):
        if sum(run.owner == index for run in world.runs) > 1:
            return f"entry {index} is paid for twice"
    for index, row in enumerate(world.rows):
        if row.run is not None and world.runs[row.run].owner != index:
            return f"entry {index} has adopted run {row.run}, which is not its own"
    taken = [row.run for row in world.rows if row.run is not None]
    if len(taken) > len(set(taken)):
        return "a run is claimed twice"
    return ""


def _stuck(states: Iterable[World], before: dict[World, list[World]]) -> World | None:
    """Return a state from which no end can be reached, though there is time for it."""
    ending = deque(world for world in states if all(row.stand in ENDS for row in world.rows))
    led_to = set(ending)
    while ending:
        for world in before.get(ending.popleft(), ()):
            if world not in led_to:
                led_to.add(world)
                ending.append(world)
    return next(
        (world for world in states if world.tick + TICKS_TO_AN_END <= LAST_TICK and world not in led_to), None
    )


def _trace(world: World, came_from: dict[World, tuple[World, str] | None]) -> tuple[str, ...]:
    names: list[str] = []
    while (origin := came_from[world]) is not None:
        world, name = origin
        names.append(f"{world.tick}: {name}")
    return tuple(reversed(names))
