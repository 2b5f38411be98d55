"""Takes: further variations of cells that somebody asked for, as numbered records of a row.

::

    takes/<digest of the campaign>/<digest of the row>/000000.json      the newest counts; none is ever altered

A record is written before anything is paid for. From then on each plan of the campaign has its cells, so that a
run which was cut short is gone on with like any other. Of two that ask at once one is to look again: its takes are
other variations then, of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from florist.archive.records import parsed_record
from florist.archive.side_by_side import side_by_side
from florist.campaigns.picks.errors import TakeRefusedError
from florist.campaigns.picks.keys import TAKES, newest_of_rows, newest_under, record_key, row_folder
from florist.campaigns.picks.records import PickModel
from florist.campaigns.plan.decisions import Cell, Decision
from florist.campaigns.plan.keys import number_in
from florist.campaigns.plan.materials import may_be_signed
from florist.pipelines.axes import VARIATION, axis_order, cell_name
from florist.pipelines.choices import Take
from florist.pipelines.models import MAX_VARIATIONS, Pipeline
from florist.stores.store import Store
from florist.studio.campaigns import CampaignName
from florist.wording import did_you_mean, quoted

READS_AT_ONCE = 16


class Order(PickModel):
    """Who asked for a take, and when."""

    by: str = ""
    at: AwareDatetime | None = None


class TakeRecord(PickModel):
    """One record of a row.

    Attributes:
        takes: all that were asked for of the row.
        added: the names of those that came with this record.
        orders: who asked for each take, by its name, as far as that was written down.
    """

    schema_version: Literal[1] = 1
    campaign: CampaignName
    row: str
    number: int
    by: str = ""
    at: AwareDatetime | None = None
    takes: tuple[Take, ...] = ()
    added: tuple[str, ...] = ()
    orders: Mapping[str, Order] = {}


async def read_takes(store: Store, campaign: str) -> Mapping[str, TakeRecord]:
    """Return the newest record of each row of a campaign that takes were asked for of, by the row's key."""
    found: dict[str, TakeRecord] = {}

    async def read(key: str) -> None:
        record = parsed_record(TakeRecord, await store.read(key) or b"", key)
        found[record.row] = record

    await side_by_side(await newest_of_rows(store, TAKES, campaign), read, at_once=READS_AT_ONCE)
    return found


def takes_of(
    cell: Cell, pipeline: Pipeline, known: Sequence[Take], *, more: int, inputs: Mapping[str, str]
) -> tuple[Take, ...]:
    """Return further takes of a cell, each the next variation that there is not.

    Args:
        known: the takes that its row has.
        inputs: texts in place of the cell's own, by the ids of the step's inputs.

    Raises:
        TakeRefusedError: there can be none like this.
    """
    step = pipeline.steps.get(cell.step)
    if step is None or cell.decision is Decision.AWAITS:
        raise TakeRefusedError(f"{cell.label} waits for a pick: there is nothing to take again yet")
    unknown = [name for name in inputs if name not in step.inputs]
    if unknown:
        mend = did_you_mean(unknown[0], step.inputs)
        raise TakeRefusedError(f"the step {cell.step} gives no input {quoted(unknown[0])}{mend}")
    if any(map(may_be_signed, inputs.values())):
        raise TakeRefusedError("a signed URL is never written down; give the file instead")
    axes = {axis: value for axis, value in cell.axes.items() if axis != VARIATION}
    alike = [take for take in known if take.step == cell.step and _but_variation(take.axes) == axes]
    last = max([step.variations, *(int(take.axes.get(VARIATION, "1")) for take in alike)])
    if last + more > MAX_VARIATIONS:
        raise TakeRefusedError(f"{cell.label} has {last} variations, and {MAX_VARIATIONS} are the most")
    # More of a take is more of what was asked for then.
    own = next((take.inputs for take in known if take.cell == cell.cell), {})
    inputs = {**own, **inputs}
    return tuple(_take(cell.step, axes, number, inputs) for number in range(last + 1, last + more + 1))


async def add_takes(
    store: Store, campaign: str, row: str, takes: Sequence[Take], *, by: str, at: datetime
) -> TakeRecord:
    """Write takes down, before anything is paid for them. Safe to repeat, as of the same time, until it returns.

    Raises:
        TakeRefusedError: somebody has just asked for other takes of these names; look again.
        StoreError: the store could not be asked, or the record not be written.
    """
    while True:
        newest = await newest_under(store, row_folder(TAKES, campaign, row))
        number = -1 if newest is None else number_in(newest)
        last = parsed_record(TakeRecord, await store.read(newest) or b"", newest) if newest else None
        before = last.takes if last else ()
        if last and (last.by, last.at, last.added) == (by, at, tuple(take.cell for take in takes)):
            return last  # ours: the answer to writing it was lost
        if {take.cell for take in before} & {take.cell for take in takes}:
            raise TakeRefusedError(f"somebody has just asked for another take of {row or 'it'}; look again")
        record = TakeRecord(
            campaign=campaign,
            row=row,
            number=number + 1,
            by=by,
            at=at,
            takes=(*before, *takes),
            added=tuple(take.cell for take in takes),
            orders={**(last.orders if last else {}), **{take.cell: Order(by=by, at=at) for take in takes}},
        )
        key = record_key(TAKES, campaign, row, number + 1)
        if await store.create(key, record.model_dump_json(indent=1).encode()):
            return record


def _take(step: str, axes: Mapping[str, str], number: int, inputs: Mapping[str, str]) -> Take:
    own = {**axes, VARIATION: str(number)}
    at = {axis: own[axis] for axis in sorted(own, key=axis_order)}
    return Take(cell=cell_name(step, at), step=step, axes=at, inputs=dict(inputs))


def _but_variation(axes: Mapping[str, str]) -> dict[str, str]:
    return {axis: value for axis, value in axes.items() if axis != VARIATION}
