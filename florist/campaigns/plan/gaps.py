"""Gaps of a campaign by their kinds, and the plan that fills those a person names, and touches nothing else."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.decisions import Because, Cell, Decision, runs_left


class GapKind(StrEnum):
    """Why a cell that should be there is not."""

    FAILED = "failed"
    """Its run failed, or FLORA refused it."""
    MISSING = "missing"
    """It was never started, or is still under way."""
    BUDGET = "budget"
    """It was never started in a campaign that has a budget."""


_FAILED = frozenset({Because.FAILED_FOR_GOOD, Because.FAILED_BEFORE, Because.REFUSED_BEFORE})
_WITH_UPSTREAM = frozenset({Because.UPSTREAM_NEW, Because.UPSTREAM_UNFINISHED, Because.UPSTREAM_BLOCKED})
"""What comes with the cells that it needs."""
_NEVER_STARTED = frozenset({Because.NO_RUN, Because.RESTARTED})
_UNDER_WAY = frozenset({Because.STARTED, Because.TO_BE_KEPT, Because.UNANSWERED})


def gap_kind(cell: Cell, *, has_budget: bool) -> GapKind | None:
    """Return what kind of gap a cell is by itself.

    None for one that is there, that a person has to decide on or mend, whose inputs changed (it is new work, and
    `florist run` pays for it), or that waits for its upstream alone.
    """
    if cell.because in _FAILED:
        return GapKind.FAILED
    if cell.because in _NEVER_STARTED:
        return GapKind.BUDGET if has_budget else GapKind.MISSING
    return GapKind.MISSING if cell.because in _UNDER_WAY else None


def filling_plan(plan: CampaignPlan, only: Collection[GapKind]) -> CampaignPlan:
    """Return the plan that fills the gaps of these kinds, and what waits for them alone.

    A cell that failed for good is in it as new: running it takes a restart by hand first; see `to_restart`.
    """
    cells: list[Cell] = []
    by_row: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        by_row.setdefault(cell.row, []).append(cell)
    for row in by_row.values():
        cells += _filled(row, only, has_budget=plan.funds is not None)
    return plan.of_cells(cells)


def to_restart(plan: CampaignPlan) -> tuple[Cell, ...]:
    """Return the cells of a filling plan whose failed runs are to be given up."""
    return tuple(cell for cell in plan.cells if cell.because is Because.FAILED_FOR_GOOD)


def _filled(row: Iterable[Cell], only: Collection[GapKind], *, has_budget: bool) -> list[Cell]:
    there: set[str] = set()
    filled: dict[str, Cell] = {}
    for cell in row:
        if cell.decision is Decision.REUSE:
            there.add(cell.cell)
        elif all(need in there or need in filled for need in cell.needs):
            kind = gap_kind(cell, has_budget=has_budget)
            # Never started is missing, too: whoever adds a budget to a rerun means the same cells as without it.
            is_wanted = kind in only or (kind is GapKind.BUDGET and GapKind.MISSING in only)
            if is_wanted or (cell.because in _WITH_UPSTREAM and any(need in filled for need in cell.needs)):
                filled[cell.cell] = _to_be_made(cell)
    return list(filled.values())


def _to_be_made(cell: Cell) -> Cell:
    if cell.because is Because.FAILED_FOR_GOOD:
        update = {"reason": f"{cell.reason}, and is paid for once more", "runs_at_most": runs_left(cell.attempt)}
        return cell.model_copy(update={"decision": Decision.NEW, **update})
    if cell.because is Because.UPSTREAM_BLOCKED:
        reason = {"because": Because.UPSTREAM_NEW, "reason": "what it takes is new", "runs_at_most": runs_left(0)}
        return cell.model_copy(update={"decision": Decision.FOLLOWS, **reason})
    return cell
