"""What the ends of a campaign's runs told: which cells there are to be, in which order, and why some are missing.

::

    plans/<digest of the campaign>/outcomes/0000.json.gz      the newest counts; none is ever altered

Archive and ledger know what was begun. Which cells were never begun, and why, is known at the end of a run alone,
and is written down there for whoever looks later.
"""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from pydantic import ConfigDict

from florist.campaigns.endings import CampaignResult, end_line, ending
from florist.campaigns.gaps import Gap
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.decisions import Decision
from florist.campaigns.plan.keys import numbered, plans_folder
from florist.frozen import FrozenModel
from florist.stores.store import Store

_DAMAGED = (ValueError, OSError, EOFError, zlib.error)


class OutcomeModel(FrozenModel):
    """A part of an outcome: what a later version added is passed over."""

    model_config = ConfigDict(extra="ignore")


class ToldColumn(OutcomeModel):
    """All cells of one name."""

    cell: str
    step: str
    axes: Mapping[str, str] = {}
    technique: str = ""
    price_usd: Decimal | None = None


class ToldGap(OutcomeModel):
    """Why a cell is missing; see `florist.campaigns.gaps.Gap`."""

    row: str
    cell: str
    code: str
    reason: str
    is_started: bool
    message: str
    advice: str


class Outcome(OutcomeModel):
    """How the campaign stood when a run of it ended.

    Attributes:
        state: with a `min_success` of 0.
        rows: the cells of each row, by their places in `columns`; both in the order of row file and pipeline.
        awaiting: the step of which each row waits for a pick, by the row's key, for those rows that do.
        behind: the cells of such a row that are made of what is picked, those among them that picks let through.
    """

    schema_version: Literal[1] = 1
    campaign: str
    pipeline: str
    ended_at: datetime
    state: str
    message: str
    columns: tuple[ToldColumn, ...]
    rows: Mapping[str, tuple[int, ...]]
    gaps: tuple[ToldGap, ...] = ()
    awaiting: Mapping[str, str] = {}
    behind: Mapping[str, tuple[int, ...]] = {}

    def after(self, earlier: "Outcome") -> "Outcome":
        """Return this one, of some cells alone, with what an earlier one tells of the others."""
        columns = {column.cell: column for column in (*earlier.columns, *self.columns)}
        place = {cell: number for number, cell in enumerate(columns)}
        rows, before = self._named(self.rows), earlier._named(earlier.rows)
        behind = {
            **earlier._named(earlier.behind),
            **{row: set[str]() for row in rows},
            **self._named(self.behind),
        }
        both = {row: before.get(row, set()) | rows.get(row, set()) for row in {**before, **rows}}
        waiting = {row: step for row, step in earlier.awaiting.items() if row not in rows}
        others = (gap for gap in earlier.gaps if gap.cell not in rows.get(gap.row, ()))
        update = {
            "columns": tuple(columns.values()),
            "rows": {row: tuple(sorted(place[cell] for cell in cells)) for row, cells in both.items()},
            "gaps": (*others, *self.gaps),
            "awaiting": {**waiting, **self.awaiting},
            "behind": {
                row: tuple(sorted(place[cell] for cell in cells)) for row, cells in behind.items() if cells
            },
        }
        return self.model_copy(update=update)

    def _named(self, rows: Mapping[str, tuple[int, ...]]) -> dict[str, set[str]]:
        return {row: {self.columns[place].cell for place in places} for row, places in rows.items()}


def in_order(columns: Iterable[ToldColumn]) -> tuple[ToldColumn, ...]:
    """Return columns by their steps, as these come first, and within a step by their places on its axes."""
    known = tuple(columns)
    steps = {step: number for number, step in enumerate(dict.fromkeys(column.step for column in known))}
    return tuple(
        sorted(known, key=lambda column: (steps[column.step], *map(_place_on_axis, column.axes.values())))
    )


def _place_on_axis(value: str) -> tuple[int, str]:
    return (int(value), "") if value.isdecimal() else (-1, value)


class PlannedCells(NamedTuple):
    """What is kept of a plan until its run ends."""

    columns: tuple[ToldColumn, ...]
    is_selection: bool = False
    behind: Mapping[str, tuple[str, ...]] = {}
    """The cells of each row that wait for a pick."""

    @classmethod
    def of(cls, plan: CampaignPlan) -> "PlannedCells":
        """Take from a plan its columns: rows differ in which of them they have, hardly ever in their order."""
        columns: dict[str, ToldColumn] = {}
        for cell in plan.cells:
            if cell.cell not in columns:
                columns[cell.cell] = ToldColumn(
                    cell=cell.cell,
                    step=cell.step,
                    axes=cell.axes,
                    technique=cell.technique,
                    price_usd=cell.price_usd,
                )
        behind: dict[str, tuple[str, ...]] = {}
        for cell in plan.cells:
            if cell.decision is Decision.AWAITS:
                behind[cell.row] = (*behind.get(cell.row, ()), cell.cell)
        return cls(in_order(columns.values()), plan.is_selection, behind)


class Outcomes:
    """The outcomes of one campaign in one archive."""

    def __init__(self, store: Store, campaign: str) -> None:
        self._store = store
        self._campaign = campaign
        self._folder = f"{plans_folder(campaign)}outcomes/"

    async def newest(self) -> Outcome | None:
        """Return the newest outcome that can be read; None if there is none."""
        for path in reversed(await numbered(self._store, self._folder)):
            content = await self._store.read(path)
            try:
                return Outcome.model_validate_json(gzip.decompress(content or b""))
            except _DAMAGED:
                continue
        return None

    async def keep(
        self,
        planned: PlannedCells,
        result: CampaignResult,
        *,
        now: datetime | None = None,
    ) -> Outcome:
        """Write down how a run ended.

        Raises:
            StoreError: the store would not take it.
        """
        outcome = _outcome(self._campaign, planned, result, now or datetime.now(UTC))
        earlier = await self.newest() if planned.is_selection else None
        if earlier is not None:
            outcome = outcome.after(earlier)
        content = gzip.compress(outcome.model_dump_json().encode(), compresslevel=6, mtime=0)
        paths = await numbered(self._store, self._folder)
        number = len(paths)
        while not await self._store.create(
            f"{self._folder}{number:04d}.json.gz", content, media_type="application/gzip"
        ):
            number += 1
        return outcome


def _outcome(campaign: str, planned: PlannedCells, result: CampaignResult, now: datetime) -> Outcome:
    columns = {column.cell: column for column in planned.columns}
    for cells in result.rows.values():
        for cell in cells:
            columns.setdefault(cell.step, ToldColumn(cell=cell.step, step=cell.step.partition("@")[0]))
    place = {cell: number for number, cell in enumerate(columns)}
    return Outcome(
        campaign=campaign,
        pipeline=result.pipeline,
        ended_at=now,
        state=str(ending(result, min_success=0)),
        message=end_line(result),
        columns=tuple(columns.values()),
        rows={row: tuple(place[cell.step] for cell in cells) for row, cells in result.rows.items()},
        gaps=tuple(_told(gap) for gap in result.gaps),
        awaiting=result.awaiting,
        behind={row: tuple(place[cell] for cell in planned.behind.get(row, ())) for row in result.awaiting},
    )


def _told(gap: Gap) -> ToldGap:
    return ToldGap(
        row=gap.row,
        cell=gap.step,
        code=gap.code,
        reason=gap.reason,
        is_started=gap.is_started,
        message=gap.message,
        advice=gap.advice,
    )
