"""What the first page tells of a campaign: how far it is, what waits for people, and its nights."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from florist.archive.side_by_side import side_by_side
from florist.campaigns.bill.reading import Charges
from florist.campaigns.plan.records import PlanRecord, PlanRecords
from florist.errors import FloristError
from florist.gallery import Derivatives, Sheet, SheetRow
from florist.gallery.sheet import CellState
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns

READS_AT_ONCE = 16
THUMBNAILS = 12
NIGHTS = 14
"""How many of the last days with work are drawn."""

NOTHING = Decimal(0)


class Listed(NamedTuple):
    """A campaign in the list, before anything is counted.

    Attributes:
        planned_at: when it was last planned or run; None where nothing tells.
    """

    name: str
    pipeline: str
    planned_at: datetime | None


class Night(NamedTuple):
    """One day (UTC) of a campaign.

    Attributes:
        planned_usd: what the runs of that day were to pay for; None on a day without a plan.
        spent_usd: what was charged for what ended on that day.
    """

    day: str
    planned_usd: Decimal | None
    spent_usd: Decimal


class Thumbnail(NamedTuple):
    """A picture of the strip: the newest ones have it."""

    sha256: str
    is_film: bool
    label: str


class Card(NamedTuple):
    """A campaign on the first page."""

    name: str
    rows: int
    rows_done: int
    cells: int
    kept: int
    missing: int
    waiting: int
    reviews: int
    charged_usd: Decimal
    ended: str
    thumbnails: tuple[Thumbnail, ...]
    nights: tuple[Night, ...]


async def listed_campaigns(store: Store) -> list[Listed]:
    """Return the campaigns of an archive, the one that was last worked on first."""
    found: list[Listed] = []

    async def look(name: str) -> None:
        record = await newest_plan(store, name)
        found.append(Listed(name, record.pipeline if record else "", record.made_at if record else None))

    await side_by_side(await Campaigns(store).names(), look, at_once=READS_AT_ONCE)
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda each: (each.planned_at or never, each.name), reverse=True)


async def newest_plan(store: Store, campaign: str) -> PlanRecord | None:
    """Return the last plan of a campaign; None if there is none that can be read."""
    try:
        return await PlanRecords(store, campaign).newest()
    except FloristError as error:
        if error.stops_all:
            raise
        return None


def card_of(sheet: Sheet, derivatives: Derivatives, nights: Iterable[Night]) -> Card:
    """Return what the first page tells of a campaign."""
    states = sheet.states
    cells = [cell for row in sheet.rows for cell in row.cells]
    missing = sum(cell.is_missing for cell in cells)
    kept = sum(bool(cell.media) for cell in cells)
    return Card(
        name=sheet.campaign,
        rows=len(sheet.rows),
        rows_done=sheet.rows_complete,
        cells=states.total(),
        kept=kept,
        missing=missing,
        waiting=states[CellState.WAITING] + states[CellState.IN_DOUBT],
        reviews=sum(map(_awaits_review, sheet.rows)),
        charged_usd=sheet.money.charged_usd,
        ended=sheet.ended,
        thumbnails=tuple(_thumbnails(sheet, derivatives))[:THUMBNAILS],
        nights=tuple(nights),
    )


def nights_of(records: Iterable[PlanRecord], charges: Charges) -> tuple[Night, ...]:
    """Return the last days on which something was planned to be paid for, or was."""
    planned = _planned(records)
    spent = {group.name: group.charged_usd for group in charges.bill("day").groups}
    days = sorted(planned.keys() | spent.keys())[-NIGHTS:]
    return tuple(Night(day, planned.get(day), spent.get(day, NOTHING)) for day in days)


def _awaits_review(row: SheetRow) -> bool:
    """Whether a row waits for a person alone: what is picked from is there, and not enough of it is picked."""
    gate = row.gate
    if gate is None or gate.enough:
        return False
    return any(cell.step == gate.step and cell.media for cell in row.cells)


def _planned(records: Iterable[PlanRecord]) -> Mapping[str, Decimal]:
    """Return the price of the largest run of each day: a run that goes on with another has what was left of it."""
    planned: dict[str, Decimal] = {}
    for record in records:
        if record.purpose != "plan":
            day = f"{record.made_at:%Y-%m-%d}"
            planned[day] = max(planned.get(day, NOTHING), record.totals.net_usd)
    return planned


def _thumbnails(sheet: Sheet, derivatives: Derivatives) -> Iterable[Thumbnail]:
    cells = [cell for row in sheet.rows for cell in row.cells if cell.media]
    cells.sort(key=lambda cell: cell.made_at.timestamp() if cell.made_at else 0.0, reverse=True)
    for cell in cells:
        for media in cell.media:
            label = " ".join(filter(None, (cell.row, cell.cell)))
            if media.sha256 in derivatives.previews:
                yield Thumbnail(media.sha256, is_film=False, label=label)
            elif media.sha256 in derivatives.posters:
                yield Thumbnail(media.sha256, is_film=True, label=label)
