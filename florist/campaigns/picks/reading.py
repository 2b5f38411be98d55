"""Reads what stands: one listing of a campaign's picks, and the newest record of each row."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import Field

from florist.archive.records import parsed_record
from florist.archive.side_by_side import side_by_side
from florist.campaigns.picks.keys import PICKS, newest_of_rows, newest_under, row_folder
from florist.campaigns.picks.records import PickModel, PickRecord, Standing
from florist.campaigns.plan.keys import number_in
from florist.campaigns.plan.records import PlanRecords
from florist.pipelines.models import Gate
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name

READS_AT_ONCE = 16


class RowGate(PickModel):
    """A gate, and how far a row has come at it.

    Attributes:
        picked: how many cells of the step are picked.
        enough: the row goes on.
    """

    step: str
    pick_min: int
    pick_max: int
    picked: int
    enough: bool


class RowPicks(PickModel):
    """What stands for one row.

    Attributes:
        gate: at which the row is: the first that waits for picks, else the last; None without gates.
        gates: all of them, in the order of the pipeline.
        cells: by their names; one of which nobody has said anything is not among them.
        number: of the newest record; -1 without any.
    """

    gate: RowGate | None = None
    cells: Mapping[str, Standing] = {}
    gates: tuple[RowGate, ...] = ()
    number: int = -1


class CampaignPicks(PickModel):
    """What stands for a campaign.

    Attributes:
        rows: by their keys, those of which somebody has said something; `row` knows the others, too.
        gates: of the pipeline as it was last planned, by their steps.
        revision: another one once anything is another.
    """

    campaign: str
    revision: str
    rows: Mapping[str, RowPicks] = {}
    gates: Mapping[str, Gate] = Field(default={}, exclude=True)

    def row(self, key: str) -> RowPicks:
        """Return what stands for a row."""
        return self.rows.get(key) or row_picks({}, self.gates)


class RowRecord(NamedTuple):
    """The newest record of a row; its number is -1, and the record None, where there is none."""

    number: int
    record: PickRecord | None

    @property
    def cells(self) -> Mapping[str, Standing]:
        """What stands for the row's cells."""
        return {} if self.record is None else self.record.cells


async def read_picks(store: Store, campaign: str) -> CampaignPicks:
    """Return what stands for every row of a campaign.

    Raises:
        IntegrityError: a record is damaged, or of a later version.
        StoreError: the store could not be asked.
    """
    campaign = campaign_name(campaign)
    gates = await gates_of(store, campaign)
    newest = await newest_of_rows(store, PICKS, campaign)
    records = await _records(store, newest)
    rows = {record.row: row_picks(record.cells, gates, number=record.number) for record in records}
    return CampaignPicks(campaign=campaign, revision=_revision(newest), rows=rows, gates=gates)


async def read_row(store: Store, campaign: str, row: str) -> RowRecord:
    """Return the newest record of one row."""
    newest = await newest_under(store, row_folder(PICKS, campaign, row))
    if newest is None:
        return RowRecord(-1, None)
    return RowRecord(number_in(newest), parsed_record(PickRecord, await store.read(newest) or b"", newest))


async def read_records(store: Store, campaign: str | None) -> list[PickRecord]:
    """Return the newest record of each row that has any, by row; None for those of all campaigns."""
    return await _records(store, await newest_of_rows(store, PICKS, campaign))


async def gates_of(store: Store, campaign: str) -> Mapping[str, Gate]:
    """Return the gates of a campaign's pipeline as it was last planned, by their steps, in its order."""
    record = await PlanRecords(store, campaign).newest()
    return record.gates if record else {}


def row_picks(cells: Mapping[str, Standing], gates: Mapping[str, Gate], *, number: int = -1) -> RowPicks:
    """Return what stands for a row, held against the gates."""
    at = tuple(_row_gate(step, gate, cells) for step, gate in gates.items())
    waiting = (gate for gate in at if not gate.enough)
    return RowPicks(gate=next(waiting, at[-1] if at else None), gates=at, cells=cells, number=number)


async def _records(store: Store, keys: Iterable[str]) -> list[PickRecord]:
    found: list[PickRecord] = []

    async def read(key: str) -> None:
        found.append(parsed_record(PickRecord, await store.read(key) or b"", key))

    await side_by_side(keys, read, at_once=READS_AT_ONCE)
    return sorted(found, key=lambda record: (record.campaign, record.row))


def _row_gate(step: str, gate: Gate, cells: Mapping[str, Standing]) -> RowGate:
    picked = sum(standing.is_picked for standing in cells.values() if standing.step == step)
    return RowGate(
        step=step,
        pick_min=gate.pick_min,
        pick_max=gate.pick_max,
        picked=picked,
        enough=picked >= gate.pick_min,
    )


def _revision(keys: list[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
