"""The bill itself: charges added up by row, step, technique, day, reason or reviewer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Literal, Self

from pydantic import AwareDatetime, computed_field

from florist.campaigns.bill.charges import NOTHING, WASTE, Charge, Reason
from florist.frozen import FrozenModel

By = Literal["campaign", "row", "step", "technique", "day", "reason", "reviewer"]

_MICRO = Decimal("0.000001")
_ORDER = {str(reason): number for number, reason in enumerate(Reason)}


class Sums(FrozenModel):
    """What some charges come to.

    Attributes:
        runs: that are known; requests in doubt are not among them.
        quoted_usd: what was quoted for the runs that have ended, save those that failed and cost nothing.
        charged_usd: what FLORA has charged, its later corrections included.
        corrected_usd: how much of that came by corrections; below zero where FLORA gave money back.
        wasted, wasted_usd: runs that failed, brought nothing, were given up or lost, and what they were charged.
        in_flight, in_flight_usd: runs that go on at FLORA, and what was quoted for them.
        in_doubt, in_doubt_usd: requests, and runs whose charge is not told, that may yet cost up to so much.
        unpriced: runs in flight and requests in doubt of which no price is known: they are in no sum.
        picked: outputs that people have picked and that these charges have gone into.
    """

    runs: int = 0
    quoted_usd: Decimal = NOTHING
    charged_usd: Decimal = NOTHING
    corrected_usd: Decimal = NOTHING
    wasted: int = 0
    wasted_usd: Decimal = NOTHING
    in_flight: int = 0
    in_flight_usd: Decimal = NOTHING
    in_doubt: int = 0
    in_doubt_usd: Decimal = NOTHING
    unpriced: int = 0
    picked: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def per_pick_usd(self) -> Decimal | None:
        """What was charged for each picked output, what was not picked included; None where nothing is picked."""
        return (self.charged_usd / self.picked).quantize(_MICRO) if self.picked else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def most_usd(self) -> Decimal:
        """What it comes to if all in flight and in doubt is charged as quoted; `charged_usd` is the least."""
        return self.charged_usd + self.in_flight_usd + self.in_doubt_usd

    @classmethod
    def of(cls, charges: Sequence[Charge], **fields: str) -> Self:
        """Add up."""
        settled = [charge for charge in charges if charge.charged_usd is not None]
        unsettled = [charge for charge in charges if charge.charged_usd is None]
        flying = [charge for charge in unsettled if charge.reason is Reason.IN_FLIGHT]
        doubtful = [charge for charge in unsettled if charge.reason is not Reason.IN_FLIGHT]
        wasted = [charge for charge in settled if charge.reason in WASTE]
        quoted = [one for one in settled if one.charged_usd or not one.error_code]
        return cls.model_validate(
            {
                **fields,
                "runs": sum(bool(charge.run_id) for charge in charges),
                "quoted_usd": _sum(charge.quoted_usd for charge in quoted),
                "charged_usd": _sum(charge.charged_usd for charge in settled),
                "corrected_usd": _sum(map(_correction, settled)),
                "wasted": len(wasted),
                "wasted_usd": _sum(charge.charged_usd for charge in wasted),
                "in_flight": len(flying),
                "in_flight_usd": _sum(charge.most_usd for charge in flying),
                "in_doubt": len(doubtful),
                "in_doubt_usd": _sum(charge.most_usd for charge in doubtful),
                "picked": len({run_id for charge in charges for run_id in charge.picks}),
                "unpriced": sum(charge.most_usd is None for charge in unsettled),
            }
        )


class Group(Sums):
    """The sums of one row, step, technique, day, reason, reviewer or campaign."""

    name: str


class Corrected(FrozenModel):
    """One run whose charge FLORA has corrected."""

    run_id: str
    row: str
    cell: str
    was_usd: Decimal
    charged_usd: Decimal


class Bill(FrozenModel):
    """What a campaign, or all of them, has cost so far.

    Attributes:
        campaign: None for all that the archive knows.
        groups: in the order of their names; reasons in the order in which things go from good to bad.
        unreadable: paths of ledger entries that cannot be read, of whichever campaign: their money is in no sum.
    """

    schema_version: Literal[1] = 1
    archive: str
    campaign: str | None
    by: By
    timezone: str = "UTC"
    made_at: AwareDatetime
    total: Sums
    groups: tuple[Group, ...]
    corrections: tuple[Corrected, ...] = ()
    unreadable: tuple[str, ...] = ()


def groups_of(
    charges: Iterable[Charge], by: By, *, zone: tzinfo, techniques: Mapping[str, str]
) -> tuple[Group, ...]:
    """Return the sums of each group.

    Args:
        techniques: what people call them, by their ids.
    """
    name_of = _naming(by, zone, techniques)
    found: dict[str, list[Charge]] = {}
    for charge in charges:
        found.setdefault(name_of(charge), []).append(charge)
    worse = _ORDER if by == "reason" else {}
    names = sorted(found, key=lambda name: (worse.get(name.partition(":")[0], 0), name))
    return tuple(Group.of(found[name], name=name) for name in names)


def corrections_of(charges: Iterable[Charge]) -> tuple[Corrected, ...]:
    """Return the runs whose charge FLORA has corrected."""
    return tuple(
        Corrected(
            run_id=charge.run_id,
            row=charge.row,
            cell=charge.cell,
            was_usd=charge.was_usd,
            charged_usd=charge.charged_usd,
        )
        for charge in charges
        if charge.was_usd is not None and charge.charged_usd is not None
    )


def _naming(by: By, zone: tzinfo, techniques: Mapping[str, str]) -> Callable[[Charge], str]:
    names: dict[By, Callable[[Charge], str]] = {
        "campaign": lambda charge: charge.scope,
        "row": lambda charge: charge.row,
        "step": lambda charge: charge.step,
        "technique": lambda charge: techniques.get(charge.technique_id, charge.technique_id),
        "day": lambda charge: f"{charge.at.astimezone(zone):%Y-%m-%d}",
        "reviewer": lambda charge: charge.reviewer,
        "reason": lambda charge: f"{charge.reason}: {charge.error_code}" if charge.error_code else charge.reason,
    }
    return names[by]


def _correction(charge: Charge) -> Decimal | None:
    return None if charge.was_usd is None or charge.charged_usd is None else charge.charged_usd - charge.was_usd


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), NOTHING)
