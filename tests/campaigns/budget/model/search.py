"""Explores every state of the model that can be reached, breadth first, and says how a bad one came about."""

from collections import deque
from dataclasses import dataclass

from tests.campaigns.budget.model import deciding
from tests.campaigns.budget.model.moves import begun, moves
from tests.campaigns.budget.model.states import ATTEMPTS, FAULTS, LAST_RECORD, Line, Order, Process, Setting, World


@dataclass(frozen=True)
class Explored:
    """What came of it: what is broken, and the shortest way there."""

    states: int
    broken: str = ""
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n  ".join((f"{self.broken or 'holds'} ({self.states} states)", *self.trace))


def explored(setting: Setting, order: Order = Order(), *, at_most: int = 10**9) -> Explored:  # noqa: B008
    """Return whether every reachable state of a configuration is sound, and leads to an end."""
    world = begun(
        World(
            record=deciding.first(setting.cap),
            number=0,
            prices=setting.prices,
            rows=((Line(),) * ATTEMPTS,) * len(setting.prices),
            processes=tuple(Process(plan) for plan in setting.plans),
            left=tuple(getattr(setting, fault) for fault in FAULTS),
        )
    )
    came_from: dict[World, tuple[World, str] | None] = {world: None}
    before: dict[World, list[World]] = {}
    waiting = deque([world])
    while waiting and len(came_from) < at_most:
        world = waiting.popleft()
        broken = broken_in(world)
        if broken:
            return Explored(len(came_from), broken, _trace(world, came_from))
        for name, following in moves(world, setting, order):
            before.setdefault(following, []).append(world)
            if following not in came_from:
                came_from[following] = world, name
                waiting.append(following)
    stuck = None if waiting else _stuck(came_from, before)
    if stuck is not None:
        return Explored(len(came_from), "no end can be reached", _trace(stuck, came_from))
    return Explored(len(came_from))


def broken_in(world: World) -> str:
    """Return which promise a state breaks; an empty string if none."""
    record = deciding.record_of(world.record)
    charged = sum(each.charge for each in world.known)
    if record.committed - record.overcharged > record.cap:
        return "a record is above its cap"
    if charged - world.excess > record.cap:
        return "charged beyond the cap"
    for row in range(len(world.rows)):
        restarted = sum(len(line.given_up) for line in world.rows[row])
        if sum(each.row == row and not each.is_failed for each in world.known) > 1 + restarted:
            return "paid twice"
    if world.number > LAST_RECORD:
        return "no end can be reached"
    folded = deciding.record_of(deciding.folded(world))
    if not folded.open and not folded.held and charged != folded.settled:
        return "the bill is wrong"
    return _strands(world)


def _strands(world: World) -> str:
    """Return what is left once every process has ended, though it could be afforded."""
    if any(process.mode != "ended" for process in world.processes):
        return ""
    record = deciding.record_of(deciding.folded(world))
    if record.frozen or any(process.is_empty for process in world.processes):
        return ""
    held = deciding.held_rows(world.record)
    room = record.wanted - record.settled - record.uncertain
    for row, price in enumerate(world.prices):
        if not world.is_done(row) and row not in held and price <= room:
            return "affordable and unstarted"
    return ""


def _stuck(states: dict[World, tuple[World, str] | None], before: dict[World, list[World]]) -> World | None:
    """Return a state from which no end can be reached."""
    ending = deque(world for world in states if all(process.mode == "ended" for process in world.processes))
    led_to = set(ending)
    while ending:
        for world in before.get(ending.popleft(), ()):
            if world not in led_to:
                led_to.add(world)
                ending.append(world)
    return next((world for world in states if world not in led_to), None)


def _trace(world: World, came_from: dict[World, tuple[World, str] | None]) -> tuple[str, ...]:
    names: list[str] = []
    while (origin := came_from[world]) is not None:
        world, name = origin
        names.append(name)
    return tuple(reversed(names))
