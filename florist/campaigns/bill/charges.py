"""Charges: the lines of a bill, each one run or one request that may have made a run, out of ledger entries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from florist.ledger.corrections import Correction
from florist.ledger.entries import Entry, RunFacts, Send, State

NOTHING = Decimal(0)


class Reason(StrEnum):
    """What money was spent for, or may have been."""

    KEPT = "kept"
    NOT_KEPT = "not kept yet"
    IN_FLIGHT = "in flight"
    IN_DOUBT = "in doubt"
    REVIEW = "needs review"
    RETRIED = "failed and retried"
    FAILED = "failed"
    NO_OUTPUTS = "no outputs"
    GIVEN_UP = "given up"
    LOST = "lost"


WASTE = frozenset({Reason.RETRIED, Reason.FAILED, Reason.NO_OUTPUTS, Reason.GIVEN_UP, Reason.LOST})
"""What brought nothing that one can use."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of the bill.

    Attributes:
        cell: the step with the values of its axes; the ledger's name for it.
        run_id: empty where it is not known whether there is a run.
        quoted_usd: the price that was recorded before the run was started.
        charged_usd: None until the run has ended, or where FLORA has not told.
        most_usd: what may yet be charged, where `charged_usd` is None; None too if no price is known.
        was_usd: what was known before FLORA corrected the charge; None if it never did.
        at: when the run ended at FLORA; of one that has not, when its request left.
        retry_key: of the entry that stands for the next attempt, if there is one; told of failed runs alone.
        picks: the picked runs that it has gone into: itself, or those that it was made of.
        reviewer: who picked or rejected it, or picked what it was made of.
    """

    key: str
    campaign: str
    flow_run_id: str
    row: str
    cell: str
    technique_id: str
    attempt: int
    at: datetime
    reason: Reason
    error_code: str = ""
    run_id: str = ""
    came: str = ""
    quoted_usd: Decimal | None = None
    charged_usd: Decimal | None = None
    most_usd: Decimal | None = None
    was_usd: Decimal | None = None
    retry_key: str = ""
    picks: tuple[str, ...] = ()
    reviewer: str = ""

    @property
    def scope(self) -> str:
        """The campaign or, lacking that, the flow run."""
        return self.campaign or f"flow run {self.flow_run_id}"

    @property
    def step(self) -> str:
        """The step's name in the pipeline: the cell's without its axes."""
        return self.cell.partition("@")[0]


def charge_of(entry: Entry, corrections: Mapping[str, Correction]) -> Charge | None:
    """Return what an entry stands for on a bill; None where no money can have been spent."""
    match entry.state:
        case State.SENT | State.NEEDS_REVIEW:
            reason = Reason.REVIEW if entry.state is State.NEEDS_REVIEW else Reason.IN_DOUBT
            return _in_doubt(entry, entry.sends, reason)
        case State.STARTED | State.FINISHED | State.ARCHIVED:
            return _of_run(entry, corrections.get(entry.run_id or ""))
    return None


def given_up(records: Sequence[Entry], corrections: Mapping[str, Correction]) -> Iterator[Charge]:
    """Yield what was given up by `restart`: runs, and requests that may have made runs.

    Args:
        records: the whole history of one entry, oldest first.
    """
    kept = records[-1].run_id
    for before, after in pairwise(records):
        if after.state is not State.INTENDED or after.renewals == before.renewals:
            continue
        if before.has_run and before.run_id != kept:
            charge = _of_run(before, corrections.get(before.run_id or ""))
            yield replace(charge, reason=Reason.GIVEN_UP)
        elif before.is_unresolved:
            yield _in_doubt(before, before.sends, Reason.GIVEN_UP)


def _in_doubt(entry: Entry, sends: Sequence[Send], reason: Reason) -> Charge:
    price = entry.price_usd
    return replace(_blank(entry), reason=reason, most_usd=None if price is None else price * max(1, len(sends)))


def _of_run(entry: Entry, correction: Correction | None) -> Charge:
    ended = correction.now if correction else entry.ended
    charge = replace(_blank(entry), run_id=entry.run_id or "", came=entry.started_by or "")
    if ended is None:
        return replace(charge, reason=Reason.IN_FLIGHT, most_usd=entry.price_usd)
    charged = _charged(ended)
    known = _charged(entry.ended) if entry.ended else None
    return replace(
        charge,
        reason=_reason(entry, ended),
        retry_key=entry.work.at_attempt(entry.work.attempt + 1).key if ended.is_failed else "",
        error_code=(ended.error_code or "unknown") if ended.is_failed else "",
        charged_usd=charged,
        most_usd=entry.price_usd if charged is None else None,
        was_usd=known if correction and known != charged else None,
        at=ended.completed_at or charge.at,
    )


def _charged(ended: RunFacts) -> Decimal | None:
    # FLORA promises that failed runs are not charged, and may leave out what was not charged.
    return NOTHING if ended.charged_usd is None and ended.is_failed else ended.charged_usd


def _reason(entry: Entry, ended: RunFacts) -> Reason:
    if ended.is_failed:
        return Reason.FAILED
    if entry.state is State.ARCHIVED:
        return Reason.KEPT
    # A correction comes from history, which leaves outputs out.
    has_none = entry.ended is not None and not entry.ended.outputs
    return Reason.NO_OUTPUTS if has_none else Reason.NOT_KEPT


def _blank(entry: Entry) -> Charge:
    work = entry.work
    return Charge(
        key=entry.key,
        campaign=work.campaign or "",
        flow_run_id=work.flow_run_id or "",
        row=work.row,
        cell=work.step,
        technique_id=work.technique_id,
        attempt=work.attempt,
        at=entry.sends[-1].sent_at if entry.sends else entry.recorded_at,
        reason=Reason.IN_FLIGHT,
        quoted_usd=entry.price_usd,
    )
