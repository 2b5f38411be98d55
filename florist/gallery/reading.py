"""Reads a campaign's contact sheet out of its archive: manifests, the bill, and what its last run's end told."""

import asyncio
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple, TypeGuard

from florist.archive.manifest import ArchivedOutput, Manifest
from florist.archive.side_by_side import side_by_side
from florist.campaigns.bill.bill import Sums
from florist.campaigns.bill.charges import Charge
from florist.campaigns.bill.reading import Charges, read_charges
from florist.campaigns.delivery.kept import newest_of_each_cell, readable_runs
from florist.campaigns.delivery.learnt_axes import axes_learnt
from florist.campaigns.picks import CampaignPicks, RowGate, RowPicks, read_picks
from florist.campaigns.picks.reading import row_picks
from florist.campaigns.picks.takes import Order, TakeRecord, read_takes
from florist.campaigns.plan.records import PlanRecords
from florist.errors import ConfigurationError
from florist.gallery.outcomes import Outcome, Outcomes, ToldColumn, ToldGap, in_order
from florist.gallery.sheet import (
    Sheet,
    SheetCell,
    SheetColumn,
    SheetGate,
    SheetInput,
    SheetMedia,
    SheetMoney,
    SheetOrder,
    SheetPick,
    SheetRow,
)
from florist.gallery.states import NOT_BEGUN, ORDERED, Standing, awaiting, standing_of
from florist.pipelines.axes import MARK
from florist.pipelines.choices import Take
from florist.secrets import redacted
from florist.stores.errors import IntegrityError, StoreError
from florist.stores.store import Store

TEXT_CHARACTERS = 4000
"""Of a text output that a sheet holds; the file has all of it."""
TEXT_BYTES = 4 * TEXT_CHARACTERS
READS_AT_ONCE = 16
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


async def read_sheet(
    store: Store,
    campaign: str,
    *,
    against: str = "",
    charges: Charges | None = None,
    now: datetime | None = None,
) -> Sheet:
    """Return the sheet of a campaign as it stands. Nothing is asked of FLORA.

    Args:
        against: another campaign in the same archive, to be held beside it row by row.
        charges: the campaign's, where they have been read already.

    Raises:
        ConfigurationError: the archive knows no such campaign.
        StoreError: the store could not be asked.
    """
    sheet = await _sheet(store, campaign, charges, now or datetime.now(UTC))
    if not against:
        return sheet
    other = await _sheet(store, against, None, sheet.read_at)
    beside = {row.key: row.cells for row in other.rows}
    rows = [row.model_copy(update={"against": beside.get(row.key, ())}) for row in sheet.rows]
    known = {column.cell for column in sheet.columns}
    columns = (*sheet.columns, *(column for column in other.columns if column.cell not in known))
    return sheet.model_copy(update={"rows": tuple(rows), "against": against, "columns": columns})


async def _sheet(store: Store, campaign: str, charges: Charges | None, now: datetime) -> Sheet:
    kept, outcome, known, picks, takes = await asyncio.gather(
        readable_runs(store, campaign),
        Outcomes(store, campaign).newest(),
        _charges(store, campaign, charges),
        _picks(store, campaign),
        _takes(store, campaign),
    )
    manifests, damaged = kept
    is_known = bool(manifests) or outcome is not None or isinstance(known, Charges)
    if isinstance(known, ConfigurationError) and not is_known and not await _was_planned(store, campaign):
        raise known
    found = known.charges if isinstance(known, Charges) else ()
    material = _Material(store, campaign, axes_learnt(manifests), outcome, found, picks, takes)
    columns = material.columns()
    rows = await material.rows(columns)
    return Sheet(
        campaign=campaign,
        pipeline=outcome.pipeline if outcome else "",
        archive=store.location,
        read_at=now,
        ended=outcome.message if outcome else "",
        ended_state=outcome.state if outcome else "",
        columns=tuple(SheetColumn(cell=one.cell, step=one.step, axes=one.axes) for one in columns),
        rows=rows,
        money=_money(found),
        notes=tuple(f"left out: {words}" for words in damaged) + ((str(picks),) if not _is_read(picks) else ()),
    )


async def _charges(store: Store, campaign: str, charges: Charges | None) -> Charges | ConfigurationError:
    try:
        return charges or await read_charges(store, campaign)
    except ConfigurationError as error:  # the ledger knows nothing of it; the archive may all the same
        return error


async def _picks(store: Store, campaign: str) -> CampaignPicks | IntegrityError:
    try:
        return await read_picks(store, campaign)
    except IntegrityError as error:  # a sheet without picks is better than none; it says so
        return error


async def _takes(store: Store, campaign: str) -> Mapping[str, TakeRecord]:
    with suppress(IntegrityError):  # the campaign's next plan tells of it
        return await read_takes(store, campaign)
    return {}


def _is_read(picks: CampaignPicks | IntegrityError) -> TypeGuard[CampaignPicks]:
    return isinstance(picks, CampaignPicks)


async def _was_planned(store: Store, campaign: str) -> bool:
    with suppress(IntegrityError):
        return await PlanRecords(store, campaign).newest() is not None
    return True


def _money(charges: Sequence[Charge]) -> SheetMoney:
    sums = Sums.of(charges)
    return SheetMoney(
        charged_usd=sums.charged_usd,
        wasted_usd=sums.wasted_usd,
        in_flight_usd=sums.in_flight_usd,
        in_doubt_usd=sums.in_doubt_usd,
    )


class _Place(NamedTuple):
    """One cell of one row."""

    row: str
    cell: str


class _Material:
    """What a sheet is made of, by row and cell."""

    def __init__(
        self,
        store: Store,
        campaign: str,
        manifests: Sequence[Manifest],
        outcome: Outcome | None,
        charges: Iterable[Charge],
        picks: CampaignPicks | IntegrityError,
        takes: Mapping[str, TakeRecord],
    ) -> None:
        self._store = store
        self._picks = picks if _is_read(picks) else None
        self._campaign = campaign
        self._outcome = outcome
        self._runs: dict[_Place, int] = {}
        for manifest in manifests:
            place = _Place(manifest.row or "", manifest.step or "")
            self._runs[place] = self._runs.get(place, 0) + 1
        self._manifests = {
            _Place(manifest.row or "", manifest.step or ""): manifest
            for manifest in newest_of_each_cell(manifests)
        }
        self._charges: dict[_Place, Charge] = {}
        for charge in sorted(charges, key=lambda charge: (charge.at, charge.attempt)):
            self._charges[_Place(charge.row, charge.cell)] = charge
        self._takes: dict[_Place, Take] = {}
        self._orders: dict[_Place, Order] = {}
        for row, record in takes.items():
            self._takes.update((_Place(row, take.cell), take) for take in record.takes)
            self._orders.update((_Place(row, cell), order) for cell, order in record.orders.items())
        gaps = outcome.gaps if outcome else ()
        self._gaps: dict[_Place, ToldGap] = {_Place(gap.row, gap.cell): gap for gap in gaps}

    def columns(self) -> tuple[ToldColumn, ...]:
        """Return the columns: as the pipeline has them, then as they were first made; a step's side by side."""
        columns = {column.cell: column for column in (self._outcome.columns if self._outcome else ())}
        manifests = sorted(self._manifests.values(), key=lambda manifest: manifest.created_at or _LONG_AGO)
        for manifest in manifests:
            cell = manifest.step or ""
            if cell not in columns or (manifest.axes and not columns[cell].axes):
                columns[cell] = _column_of(manifest, columns.get(cell))
        for place in self._charges:
            columns.setdefault(place.cell, ToldColumn(cell=place.cell, step=place.cell.partition(MARK)[0]))
        of_steps = {column.step: column for column in columns.values()}
        for place, take in self._takes.items():
            alike = of_steps.get(take.step) or ToldColumn(cell=place.cell, step=take.step)
            columns.setdefault(place.cell, alike.model_copy(update={"cell": place.cell, "axes": take.axes}))
        return in_order(columns.values())

    async def rows(self, columns: Sequence[ToldColumn]) -> tuple[SheetRow, ...]:
        """Return the rows: as the row file has them, then the others by their keys."""
        order = {column.cell: number for number, column in enumerate(columns)}
        by_name = {column.cell: column for column in columns}
        places: dict[str, set[str]] = {}
        if self._outcome:
            told = self._outcome.columns
            behind = self._outcome.behind
            places = {
                row: {told[number].cell for number in (*cells, *behind.get(row, ()))}
                for row, cells in self._outcome.rows.items()
            }
        for place in sorted({*self._manifests, *self._charges, *self._takes}):
            places.setdefault(place.row, set()).add(place.cell)
        cells: dict[_Place, SheetCell] = {}

        async def read(place: _Place) -> None:
            cells[place] = await self._cell(place, by_name[place.cell])

        wanted = [
            _Place(row, cell) for row, names in places.items() for cell in sorted(names, key=order.__getitem__)
        ]
        await side_by_side(wanted, read, at_once=READS_AT_ONCE)
        rows: dict[str, list[SheetCell]] = {row: [] for row in places}
        for place in wanted:
            rows[place.row].append(cells[place])
        return tuple(
            SheetRow(key=row, cells=tuple(found), gate=self._gate(row), gates=self._gates(row))
            for row, found in rows.items()
        )

    def _gate(self, row: str) -> SheetGate | None:
        gate = self._row_picks(row).gate
        return _gate_of(gate) if gate else None

    def _gates(self, row: str) -> tuple[SheetGate, ...]:
        return tuple(map(_gate_of, self._row_picks(row).gates))

    def _row_picks(self, row: str) -> RowPicks:
        """Return what stands for a row. What was said of another run says nothing of the one that is shown."""
        if self._picks is None:
            return RowPicks()
        cells = {
            cell: standing
            for cell, standing in self._picks.row(row).cells.items()
            if (manifest := self._manifests.get(_Place(row, cell))) is None
            or standing.run_id in ("", manifest.run_id)
        }
        return row_picks(cells, self._picks.gates)

    def _pick(self, place: _Place) -> SheetPick | None:
        standing = self._row_picks(place.row).cells.get(place.cell)
        if standing is None:
            return None
        return SheetPick(
            verdict=standing.verdict,
            stars=standing.stars,
            note=standing.note,
            by=standing.by,
            at=standing.at,
            number=standing.number,
            spent=standing.spent,
        )

    def _order(self, place: _Place) -> SheetOrder | None:
        order = self._orders.get(place)
        return None if order is None else SheetOrder(by=order.by, at=order.at)

    def _standing(self, place: _Place) -> Standing:
        outcome, gate = self._outcome, self._gate(place.row)
        otherwise = NOT_BEGUN
        if place in self._takes:
            otherwise = ORDERED
        elif outcome and place.row in outcome.awaiting:
            otherwise = awaiting(outcome.awaiting[place.row], is_picked=gate is not None and gate.enough)
        return standing_of(
            self._manifests.get(place),
            self._charges.get(place),
            self._gaps.get(place),
            told_at=outcome.ended_at if outcome else None,
            otherwise=otherwise,
        )

    async def _cell(self, place: _Place, column: ToldColumn) -> SheetCell:
        manifest, charge = self._manifests.get(place), self._charges.get(place)
        standing = self._standing(place)
        media = [await self._media(output) for output in manifest.outputs] if manifest else []
        return SheetCell(
            row=place.row,
            cell=place.cell,
            step=column.step,
            axes=(manifest.axes if manifest else None) or column.axes,
            state=standing.state,
            reason=standing.reason,
            message=redacted(standing.message),
            advice=standing.advice.replace("CAMPAIGN", shlex.quote(self._campaign)),
            technique=manifest.technique if manifest else column.technique,
            run_id=manifest.run_id if manifest else (charge.run_id if charge else ""),
            price_usd=charge.quoted_usd if charge and charge.quoted_usd is not None else column.price_usd,
            charged_usd=_charged(manifest, charge),
            made_at=manifest.completed_at or manifest.created_at if manifest else None,
            media=tuple(media),
            inputs=_inputs(manifest) if manifest else (),
            earlier=max(0, self._runs.get(place, 0) - 1),
            pick=self._pick(place),
            order=self._order(place),
        )

    async def _media(self, output: ArchivedOutput) -> SheetMedia:
        text, is_cut = output.text, False
        if text is None and output.media_type == "text/plain":
            text, is_cut = await self._text(output)
        if text is not None and len(text) > TEXT_CHARACTERS:
            text, is_cut = text[:TEXT_CHARACTERS], True
        return SheetMedia(
            index=output.index,
            output_id=output.output_id,
            key=output.key,
            sha256=output.sha256,
            size_bytes=output.size_bytes,
            media_type=output.media_type,
            width=output.width,
            height=output.height,
            text=text,
            is_cut=is_cut,
            warning=output.warning,
        )

    async def _text(self, output: ArchivedOutput) -> tuple[str | None, bool]:
        """Return the beginning of a text that is too long for its manifest; None if it is not there."""
        found = b""
        try:
            # `Store.stream` is an async generator everywhere, which is to be closed once we have enough.
            async with aclosing(self._store.stream(output.key)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    found += chunk[: TEXT_BYTES - len(found)]
                    if len(found) >= TEXT_BYTES:
                        break
        except StoreError:  # `florist archive verify` tells of it; a link that leads nowhere is shown
            return None, False
        return found.decode(errors="ignore"), output.size_bytes > len(found)


def _gate_of(gate: RowGate) -> SheetGate:
    return SheetGate.model_validate(gate.model_dump())


def _column_of(manifest: Manifest, told: ToldColumn | None) -> ToldColumn:
    cell = manifest.step or ""
    step = told.step if told else cell.partition(MARK)[0]
    return ToldColumn(cell=cell, step=step, axes=manifest.axes, technique=manifest.technique)


def _charged(manifest: Manifest | None, charge: Charge | None) -> Decimal | None:
    if charge is not None and (manifest is None or charge.run_id == manifest.run_id):
        return charge.charged_usd
    return manifest.charged_usd if manifest else None


def _inputs(manifest: Manifest) -> tuple[SheetInput, ...]:
    parents: Mapping[tuple[str, int], str] = {(one.run_id, one.index): one.key for one in manifest.parents}
    return tuple(
        SheetInput(
            id=entry.id,
            text=entry.text,
            source=None if entry.run_id else entry.source,
            run_id=entry.run_id,
            index=entry.index,
        )
        for entry in manifest.inputs
    ) + tuple(
        # A text of which an output is a part names it as a parent alone.
        SheetInput(id="", run_id=run_id, index=index)
        for run_id, index in parents
        if not any((entry.run_id, entry.index) == (run_id, index) for entry in manifest.inputs)
    )
