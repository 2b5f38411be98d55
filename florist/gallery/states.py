"""Where a cell stands, and why: decided from what is kept, what is paid, and what the last run's end told.

Pure functions. What is newer counts: a run that is in flight now, over what the end of an earlier run said of it.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from florist.archive.manifest import Manifest
from florist.campaigns.bill.charges import Charge, Reason
from florist.campaigns.gaps import PAY_ANEW
from florist.gallery.outcomes import ToldGap
from florist.gallery.sheet import CellState

AGAIN = "run the campaign again"
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Standing(NamedTuple):
    """Where a cell stands, and why it is not there; empty words where it is."""

    state: CellState
    reason: str = ""
    message: str = ""
    advice: str = ""


KEPT = Standing(CellState.KEPT)
NOT_BEGUN = Standing(CellState.GAP, "not_started", "nothing of it was begun", AGAIN)
ORDERED = Standing(
    CellState.ORDERED,
    "ordered",
    "ordered, not made yet",
    "`florist continue CAMPAIGN` shows the price of all that is to be made, and makes it",
)
UNREADABLE = Standing(
    CellState.FAILED, "unreadable", "it is paid for, and its manifest cannot be read", "`florist archive verify`"
)

_OF_CHARGE = {
    Reason.NOT_KEPT: Standing(
        CellState.WAITING, "not_kept", "its run is completed, and not kept yet", f"{AGAIN}: it pays nothing for it"
    ),
    Reason.IN_FLIGHT: Standing(
        CellState.WAITING,
        "in_flight",
        "its run goes on at FLORA",
        f"{AGAIN}: it collects the run and pays nothing",
    ),
    Reason.IN_DOUBT: Standing(
        CellState.IN_DOUBT,
        "in_doubt",
        "a request was sent, and its answer was lost",
        f"{AGAIN}: it looks for the run, and pays only if there is none",
    ),
    Reason.REVIEW: Standing(
        CellState.REVIEW,
        "needs_review",
        "nobody but a person can tell what became of its request",
        "decide what became of it: `florist ledger list` shows it",
    ),
    Reason.NO_OUTPUTS: Standing(
        CellState.FAILED,
        "run_without_outputs",
        "its run brought nothing, and was charged",
        f"ask FLORA's support, or {PAY_ANEW}",
    ),
    Reason.LOST: Standing(
        CellState.FAILED, "lost", "its run was paid for, and FLORA has its outputs no more", PAY_ANEW
    ),
    Reason.GIVEN_UP: Standing(CellState.GAP, "given_up", "its run was given up by hand", AGAIN),
    Reason.RETRIED: Standing(CellState.GAP, "failed", "its run failed, and is tried again", AGAIN),
    Reason.KEPT: UNREADABLE,
}


def awaiting(step: str, *, is_picked: bool) -> Standing:
    """Return where a cell stands that is made of what is picked.

    Args:
        is_picked: whether the row has enough picks by now.
    """
    if is_picked:
        return Standing(
            CellState.AWAITS_PICK,
            "picked",
            f"{step} is picked",
            "go on with the picks: `florist continue CAMPAIGN`",
        )
    advice = f"pick among {step}, then `florist continue CAMPAIGN`"
    return Standing(CellState.AWAITS_PICK, "awaits_pick", f"it is made of the {step} that is picked", advice)


def standing_of(
    manifest: Manifest | None,
    charge: Charge | None,
    gap: ToldGap | None,
    *,
    told_at: datetime | None,
    otherwise: Standing = NOT_BEGUN,
) -> Standing:
    """Return where a cell stands.

    Args:
        manifest: of its newest kept run.
        charge: its newest line on the bill.
        gap: what the end of the last run told of it, and `told_at`, when that was.
        otherwise: where it stands if nothing is known of it.
    """
    if manifest is not None and not _is_after(charge, manifest):
        return KEPT
    if gap is not None and (charge is None or told_at is None or charge.at <= told_at):
        return _of_gap(gap, charge)
    return otherwise if charge is None else _of_charge(charge)


def _is_after(charge: Charge | None, manifest: Manifest) -> bool:
    """Whether another run was begun for the cell after the one that is kept."""
    if charge is None or charge.reason in (Reason.KEPT, Reason.GIVEN_UP) or charge.run_id == manifest.run_id:
        return False
    return charge.at > (manifest.completed_at or manifest.created_at or _LONG_AGO)


def _of_gap(gap: ToldGap, charge: Charge | None) -> Standing:
    state = CellState.FAILED if gap.is_started else CellState.GAP
    if charge is not None and charge.reason in _OF_CHARGE:
        found = _OF_CHARGE[charge.reason].state
        state = found if found in (CellState.WAITING, CellState.IN_DOUBT, CellState.REVIEW) else state
    return Standing(state, gap.reason, gap.message, gap.advice)


def _of_charge(charge: Charge) -> Standing:
    if charge.reason is Reason.FAILED:
        message = f"its run failed ({charge.error_code})"
        return Standing(CellState.FAILED, charge.error_code, message, f"change its inputs, or {PAY_ANEW}")
    return _OF_CHARGE[charge.reason]
