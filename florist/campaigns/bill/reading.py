"""Reads a bill out of the archive's store: one listing of the ledger, and the newest record of each entry."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from florist.archive.kept_runs import manifest_of
from florist.archive.keys import short_run_id
from florist.archive.manifest import Manifest
from florist.archive.side_by_side import side_by_side
from florist.campaigns.bill.bill import Bill, By, Sums, corrections_of, groups_of
from florist.campaigns.bill.charges import Charge, Reason, charge_of, given_up
from florist.campaigns.bill.picked import with_picks
from florist.campaigns.picks.behind import PickedCells
from florist.campaigns.picks.reading import read_records
from florist.errors import ConfigurationError
from florist.ledger import Entry, Ledger
from florist.ledger.corrections import Correction, Corrections
from florist.ledger.ledger import UnreadableEntry
from florist.stores.errors import IntegrityError
from florist.stores.store import Store
from florist.sweep.failures import unkept_runs
from florist.wording import did_you_mean, quoted

READS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Charges:
    """All charges of a campaign, or of an archive.

    Attributes:
        techniques: what people call them, by their ids, as far as a manifest tells.
        unreadable: paths of ledger entries of which nothing is known.
    """

    location: str
    campaign: str | None
    charges: tuple[Charge, ...]
    techniques: Mapping[str, str]
    unreadable: tuple[str, ...] = ()

    def bill(self, by: By, *, timezone: str = "UTC", now: datetime | None = None) -> Bill:
        """Return the bill by one of its ways to group.

        Raises:
            ConfigurationError: there is no such time zone.
        """
        return Bill(
            archive=self.location,
            campaign=self.campaign,
            by=by,
            timezone=timezone,
            made_at=now or datetime.now(UTC),
            total=Sums.of(self.charges),
            groups=groups_of(self.charges, by, zone=zone_named(timezone), techniques=self.techniques),
            corrections=corrections_of(self.charges),
            unreadable=self.unreadable,
        )


async def read_charges(store: Store, campaign: str | None = None) -> Charges:
    """Return what was spent, as far as ledger, sweep and manifests tell. Nothing is asked of FLORA.

    Args:
        campaign: its name, or the id of a flow run that had none; None for everything.

    Raises:
        ConfigurationError: the archive knows no such campaign.
        StoreError: the store could not be asked.
    """
    ledger = Ledger(store)
    corrections, unkept, picks = await asyncio.gather(
        Corrections(store).newest(), unkept_runs(store), read_records(store, campaign)
    )
    pile = _Pile(campaign, corrections)
    await ledger.each(pile.take)
    if campaign is not None and not pile.keys:
        raise _unknown(campaign, pile.campaigns, store.location)
    found = pile.charges + await _given_up(ledger, pile.renewed, corrections)
    lost = {short_id for short_id, run in unkept.runs.items() if run.is_lost}
    charges = with_picks((_judged(charge, pile.keys, lost) for charge in found), PickedCells(picks))
    return Charges(
        location=store.location,
        campaign=campaign,
        charges=tuple(sorted(charges, key=lambda charge: (charge.scope, charge.row, charge.cell, charge.at))),
        techniques=await _techniques(store, charges),
        unreadable=tuple(sorted(pile.unreadable)),
    )


class _Pile:
    """What is kept of entries while they are read, one after another: a charge is a tenth of its entry."""

    def __init__(self, campaign: str | None, corrections: Mapping[str, Correction]) -> None:
        self._campaign = campaign
        self._corrections = corrections
        self.charges: list[Charge] = []
        self.renewed: list[Entry] = []
        self.keys: set[str] = set()
        self.campaigns: set[str] = set()
        self.unreadable: list[str] = []

    def take(self, path: str, entry: Entry | UnreadableEntry) -> None:
        if isinstance(entry, UnreadableEntry):
            self.unreadable.append(path)
            return
        work = entry.work
        if work.campaign:
            self.campaigns.add(work.campaign)
        if self._campaign not in (None, work.campaign, work.flow_run_id):
            return
        self.keys.add(entry.key)
        if entry.renewals:  # only its whole history tells whether something was given up
            self.renewed.append(entry)
        charge = charge_of(entry, self._corrections)
        if charge is not None:
            self.charges.append(charge)


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ConfigurationError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"there is no time zone {quoted(name)}; write one such as Europe/Berlin, or UTC"
        ) from error


def _unknown(campaign: str, known: Collection[str], location: str) -> ConfigurationError:
    mend = did_you_mean(campaign, known, otherwise="; `florist bill` lists all that there are")
    return ConfigurationError(f"{location} knows no campaign {quoted(campaign)}{mend}")


def _judged(charge: Charge, keys: set[str], lost: set[str]) -> Charge:
    """Return the charge with what only the other entries, or the sweep, can tell."""
    if charge.reason is Reason.FAILED and charge.retry_key in keys:
        return replace(charge, reason=Reason.RETRIED)
    if charge.reason is Reason.NOT_KEPT and short_run_id(charge.run_id) in lost:
        return replace(charge, reason=Reason.LOST)
    return charge


async def _given_up(
    ledger: Ledger, entries: Iterable[Entry], corrections: Mapping[str, Correction]
) -> list[Charge]:
    """Return what was given up by hand: only whole histories tell, which few entries have to be read for."""
    found: list[Charge] = []

    async def read(entry: Entry) -> None:
        for charge in given_up(await ledger.records(entry), corrections):
            found.append(await _as_kept(ledger.store, charge) if charge.charged_usd is None else charge)

    await side_by_side(entries, read, at_once=READS_AT_ONCE)
    return found


async def _as_kept(store: Store, charge: Charge) -> Charge:
    """Return a run that was given up before it ended as its manifest tells it, if a sweep kept it."""
    manifest = await _manifest(store, charge.run_id) if charge.run_id else None
    if manifest is None or manifest.charged_usd is None:
        return charge
    return replace(charge, charged_usd=manifest.charged_usd, most_usd=None, at=manifest.completed_at or charge.at)


async def _techniques(store: Store, charges: Iterable[Charge]) -> dict[str, str]:
    """Return the techniques' names as pipelines write them, each out of one manifest."""
    samples = {charge.technique_id: charge.run_id for charge in charges if charge.reason is Reason.KEPT}
    names: dict[str, str] = {}

    async def read(technique_id: str) -> None:
        manifest = await _manifest(store, samples[technique_id])
        if manifest is not None:
            names[technique_id] = manifest.technique

    await side_by_side(samples, read, at_once=READS_AT_ONCE)
    return names


async def _manifest(store: Store, run_id: str) -> Manifest | None:
    try:
        return await manifest_of(store, run_id)
    except IntegrityError:  # `florist archive verify` tells of it; a bill does without
        return None
