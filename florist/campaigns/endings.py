"""How a campaign's run has ended: every cell's outcome, and the one sentence that says it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from florist.amounts import shown_usd
from florist.campaigns.errors import CampaignFailedError
from florist.campaigns.gaps import NEEDS, Gap
from florist.ledger import How
from florist.pipelines.errors import StepFailure, StepsFailedError
from florist.pipelines.rows import step_label
from florist.studio.steps import StepResult

GAPS_NAMED = 3
"""Gaps that the sentence names; the others are counted."""


class Ending(StrEnum):
    """What a run of a campaign ends as: also the names of the flow run's states."""

    COMPLETED = "Completed"
    WITH_GAPS = "CompletedWithGaps"
    AWAITING = "AwaitingReview"
    FAILED = "Failed"


class KeptOutput(NamedTuple):
    """An output in the archive."""

    output_id: str
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """A cell that is made: as much of its `StepResult` as reports need. A campaign of thousands keeps no more.

    Attributes:
        came: how its run was come by, now and at first: `reused (adopted by time)`.
    """

    row: str
    step: str
    how: How
    came: str
    reason: str
    run_id: str
    charged_usd: Decimal
    outputs: tuple[KeptOutput, ...]

    @classmethod
    def of(cls, row: str, result: StepResult) -> "Made":
        """Take from a result what is kept of it."""
        outputs = (KeptOutput(output.output_id, output.key, output.size_bytes) for output in result.outputs)
        return cls(
            row=row,
            step=result.step,
            how=result.how,
            came=result.came,
            reason=result.reason,
            run_id=result.run.run_id,
            charged_usd=result.run.charged_usd or Decimal(0),
            outputs=tuple(outputs),
        )

    @property
    def label(self) -> str:
        """What people call the cell: its row before it."""
        return step_label(self.row, self.step)

    @property
    def is_new(self) -> bool:
        """Whether it was paid for now."""
        return self.how is How.NEW


Cell = Made | Gap


@dataclass(frozen=True)
class CampaignResult:
    """Every cell's outcome, row by row in the order of the plan.

    Attributes:
        rows: the cells of each row, by its key; a pipeline that is run once has one row, without a key.
        planned_usd: what all cells cost together, as far as FLORA tells prices.
        cause: the error behind the first gap, if it was one.
        awaiting: the step of which each row waits for a pick, by the row's key, for those rows that do.
    """

    pipeline: str
    rows: Mapping[str, tuple[Cell, ...]]
    planned_usd: Decimal
    cause: BaseException | None = field(default=None, compare=False, repr=False)
    awaiting: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def made(self) -> Mapping[str, Made]:
        """The cells that are made, by their labels."""
        return {cell.label: cell for cells in self.rows.values() for cell in cells if isinstance(cell, Made)}

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """The cells that are not."""
        return tuple(cell for cells in self.rows.values() for cell in cells if isinstance(cell, Gap))

    @property
    def rows_complete(self) -> int:
        """How many rows have no gap, and wait for nothing."""
        return len(self.rows) - len({gap.row for gap in self.gaps} | self.awaiting.keys())

    @property
    def rows_without_gaps(self) -> int:
        """How many rows have no gap so far."""
        return len(self.rows) - len({gap.row for gap in self.gaps})

    @property
    def charged_usd(self) -> Decimal:
        """What the runs of all cells were charged, whenever; those that failed among them."""
        charges = [made.charged_usd for made in self.made.values()] + [gap.charged_usd for gap in self.gaps]
        return sum(charges, Decimal(0))

    @property
    def new_usd(self) -> Decimal:
        """What of it was charged for cells that were paid for now."""
        return sum((made.charged_usd for made in self.made.values() if made.is_new), Decimal(0))


def ending(result: CampaignResult, *, min_success: float) -> Ending:
    """Return what the run ends as.

    Args:
        min_success: the share of rows that must be complete, or wait without a gap. Without a single one it has
            failed in any case.
    """
    good = result.rows_without_gaps
    if result.gaps and not (good and good / len(result.rows) >= min_success):
        return Ending.FAILED
    if result.awaiting:
        return Ending.AWAITING
    return Ending.WITH_GAPS if result.gaps else Ending.COMPLETED


def end_line(result: CampaignResult) -> str:
    """Return the sentence: `22 of 24 rows, $6.02 of $6.24; 2 gaps: V-007 caption: safety_blocked, …`."""
    rows = len(result.rows)
    line = f"{result.rows_complete} of {rows} row{'s' * (rows != 1)}"
    line += f", {shown_usd(result.charged_usd)} of {shown_usd(result.planned_usd)}"
    if any(not made.is_new for made in result.made.values()):
        line += f" ({shown_usd(result.new_usd)} now)"
    if result.awaiting:
        line += f"; {awaiting_words(len(result.awaiting), rows)}"
    if not result.gaps:
        return line
    return f"{line}; {len(result.gaps)} gap{'s' * (len(result.gaps) != 1)}: {_gap_words(result.gaps)}"


def awaiting_words(awaiting: int, rows: int) -> str:
    """Return how many rows wait: `21 of 24 rows wait for a pick`."""
    verb = "waits" if awaiting == 1 else "wait"
    return f"{awaiting} of {rows} row{'s' * (rows != 1)} {verb} for a pick"


def _gap_words(gaps: Sequence[Gap]) -> str:
    """Return the first that were begun, how many were not begun for each reason, and how many more there are."""
    begun = [gap for gap in gaps if gap.is_started][:GAPS_NAMED]
    left = Counter(gap.reason for gap in gaps if not gap.is_started and gap.code != NEEDS)
    words = [*map(str, begun), *(f"{count} × {reason}" for reason, count in left.items())]
    more = len(gaps) - len(begun) - left.total()
    return ", ".join(words) + (f" and {more} more" if more else "")


def raise_if_failed(result: CampaignResult, *, min_success: float) -> None:
    """Do nothing if enough rows are complete.

    Raises:
        StepsFailedError: of a pipeline that was run once: what failed, and what was not started.
        CampaignFailedError: of a campaign of rows; the message is `end_line`.
    """
    if ending(result, min_success=min_success) is not Ending.FAILED:
        return
    if "" in result.rows:
        failures = [StepFailure(gap.label, gap.error, gap.message) for gap in result.gaps if gap.code != NEEDS]
        skipped = [(gap.label, gap.needs) for gap in result.gaps if gap.code == NEEDS]
        raise StepsFailedError(failures, skipped) from result.cause
    raise CampaignFailedError(end_line(result), gaps=result.gaps) from result.cause
