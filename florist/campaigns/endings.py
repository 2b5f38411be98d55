"""How a campaign's run has ended: every cell's outcome, and the one sentence that says it."""

from collections.abc import Mapping
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
    """

    pipeline: str
    rows: Mapping[str, tuple[Cell, ...]]
    planned_usd: Decimal
    cause: BaseException | None = field(default=None, compare=False, repr=False)

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
        """How many rows have no gap."""
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
        min_success: the share of rows that must be complete. Without a single one it has failed in any case.
    """
    if not result.gaps:
        return Ending.COMPLETED
    complete = result.rows_complete
    return Ending.WITH_GAPS if complete and complete / len(result.rows) >= min_success else Ending.FAILED


def end_line(result: CampaignResult) -> str:
    """Return the sentence: `22 of 24 rows, $6.02 of $6.24; 2 gaps: V-007 caption: safety_blocked, …`."""
    rows = len(result.rows)
    line = f"{result.rows_complete} of {rows} row{'s' * (rows != 1)}"
    line += f", {shown_usd(result.charged_usd)} of {shown_usd(result.planned_usd)}"
    if any(not made.is_new for made in result.made.values()):
        line += f" ({shown_usd(result.new_usd)} now)"
    if not result.gaps:
        return line
    named = [gap for gap in result.gaps if gap.code != NEEDS][:GAPS_NAMED]
    more = len(result.gaps) - len(named)
    words = ", ".join(map(str, named)) + (f" and {more} more" if more else "")
    return f"{line}; {len(result.gaps)} gap{'s' * (len(result.gaps) != 1)}: {words}"


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
