"""Says of a pick, before the first run that it pays for is sent, that it is about to be: in the row's own records.

::

    reviewer    reads n ──────────────► writes n+1, if that is free; else reads again
    campaign    reads n, is it picked? ► writes n+1, "about to be sent"; else reads again ► sends

Whoever takes the number n+1 first is read by the other. So a pick that was changed before is never paid for, and a
change after it meets its price. If the campaign dies before it sends, the pick counts as sent: it may be.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from florist.campaigns.picks.errors import PickAwaitedError
from florist.campaigns.picks.keys import PICKS, record_key
from florist.campaigns.picks.reading import RowRecord, read_row
from florist.campaigns.picks.records import PickRecord, Standing, step_of
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.rows import RowPlans, step_label
from florist.stores.store import Store
from florist.studio.steps import Upstream

AGAIN = "look at the plan again, and continue: florist continue"


class PickedSteps:
    """Lets steps of a campaign be sent that stand on picks, while those stand.

    Args:
        plans: what the walk is to make, as picks stood when it was planned.
    """

    def __init__(self, store: Store, campaign: str, plans: RowPlans) -> None:
        self._store = store
        self._campaign = campaign
        self._plans = plans
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._admitted: set[tuple[str, str]] = set()

    async def admit(self, row: str, step: PlannedStep, upstream: Upstream) -> None:
        """Return once the step may be sent; at once, where it stands on no pick.

        Raises:
            PickAwaitedError: a pick that it stands on was taken back, or was of another run; nothing was sent.
            StoreError: the row's records could not be read or written; nothing was sent.
        """
        if not step.stands_on or (row, step.name) in self._admitted:
            return
        for name, run_id in step.stands_on.items():
            if run_id and name in upstream and upstream[name].run.run_id != run_id:
                raise _awaited(row, step, f"the pick of {name} is of an earlier run than the one there is")
        async with self._locks[row]:
            await self._committed(row, step)
        self._admitted.add((row, step.name))

    async def _committed(self, row: str, step: PlannedStep) -> None:
        planned = self._plans.rows[row]
        behind = {name: _behind(planned, name) for name in step.stands_on}
        while True:
            newest = await read_row(self._store, self._campaign, row)
            for fault in _faults(planned, step, newest.cells):
                raise _awaited(row, step, fault)
            told = {name: newest.cells[name] for name in behind if _is_untold(newest.cells[name], behind[name])}
            if not told:
                return
            record = self._record(row, newest, {name: _about_to_be(told[name], behind[name]) for name in told})
            key = record_key(PICKS, self._campaign, row, record.number)
            if await self._store.create(key, record.model_dump_json(indent=1).encode()):
                return

    def _record(self, row: str, newest: RowRecord, told: Mapping[str, Standing]) -> PickRecord:
        now = {name for standing in told.values() for name in standing.next_cells}
        others = {name: _without(now, standing) for name, standing in newest.cells.items()}
        return PickRecord(campaign=self._campaign, row=row, number=newest.number + 1, cells={**others, **told})


def _faults(planned: Plan, step: PlannedStep, cells: Mapping[str, Standing]) -> Iterator[str]:
    """Yield why the step must not be sent as it was planned, by what stands for its row."""
    picked = {name for name, standing in cells.items() if standing.is_picked}
    for name, run_id in step.stands_on.items():
        if name not in picked:
            yield f"the pick of {name} was taken back"
        elif run_id not in ("", cells[name].run_id):
            yield f"the pick of {name} is of another run by now"
    steps = {step_of(name) for name in step.stands_on}
    for gate in planned.gates:
        now = picked.intersection(gate.cells)
        if gate.step in steps and len(now) < gate.pick_min:
            yield f"{len(now)} of {gate.words} {gate.step} are picked by now"
        if gate.step in step.collects and now != set(gate.picked):
            yield f"other cells of {gate.step} are picked by now"


class _Behind(NamedTuple):
    """All that is planned to be made of a cell, and what it costs, without what has no price."""

    cells: tuple[str, ...]
    price_usd: Decimal


def _behind(planned: Plan, cell: str) -> _Behind:
    behind = {cell: Decimal(0)}
    for step in planned.steps:  # each stands after all it needs
        if behind.keys() & set(step.needs):
            behind[step.name] = step.price_usd or step.ceiling_usd or Decimal(0)
    return _Behind(tuple(behind)[1:], sum(behind.values(), Decimal(0)))


def _is_untold(standing: Standing, behind: _Behind) -> bool:
    is_told = standing.spent and (standing.next_usd or Decimal(0)) >= behind.price_usd
    return not is_told or not set(behind.cells) <= set(standing.next_cells)


def _about_to_be(standing: Standing, behind: _Behind) -> Standing:
    price = max(behind.price_usd, standing.next_usd or Decimal(0))
    cells = tuple(dict.fromkeys((*standing.next_cells, *behind.cells)))
    return standing.model_copy(update={"spent": True, "next_usd": price, "next_cells": cells})


def _without(cells: Collection[str], standing: Standing) -> Standing:
    """Return what stands for a cell that is not picked any more, without what is made of others by now."""
    if standing.is_picked:
        return standing
    left = tuple(name for name in standing.next_cells if name not in cells)
    return standing.model_copy(update={"next_cells": left})


def _awaited(row: str, step: PlannedStep, why: str) -> PickAwaitedError:
    return PickAwaitedError(f"{step_label(row, step.name)} was not sent: {why}; {AGAIN}")
