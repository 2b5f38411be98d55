"""The report of a sweep: for a person, for the flow, and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import computed_field

from florist.amounts import shown_usd
from florist.frozen import FrozenModel
from florist.sweep.errors import SweepIncompleteError


class RunResult(StrEnum):
    """What a sweep has made of one run that was not kept."""

    KEPT = "kept"
    LOST = "lost"
    FAILED = "failed"


class SweptRun(FrozenModel):
    """One run that was not kept before. `note` says where it is kept now, or why it is not."""

    run_id: str
    technique: str
    outcome: RunResult
    charged_usd: Decimal | None = None
    completed_at: datetime | None = None
    note: str = ""


class CorrectedRun(FrozenModel):
    """A run whose charge is not what the ledger says; `was_usd` is None where it said nothing."""

    run_id: str
    was_usd: Decimal | None = None
    charged_usd: Decimal | None = None


class SweepReport(FrozenModel):
    """What a sweep has found.

    Attributes:
        pages, seen: what was read of history: pages, and different runs.
        unreadable: items of those pages that could not be read, and may be paid runs that are not kept.
        kept_before: runs in the archive when it began, whoever kept them.
        runs: those it dealt with, and those that earlier sweeps could not keep.
        leftovers_dropped: unfinished uploads and temporary files of killed writers.
        corrections: charges that history tells otherwise than the ledger; noted now, for the bill.
    """

    location: str
    pages: int = 0
    seen: int = 0
    unreadable: int = 0
    kept_before: int = 0
    runs: tuple[SweptRun, ...] = ()
    leftovers_dropped: int = 0
    corrections: tuple[CorrectedRun, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kept_now(self) -> int:
        """Runs kept by this sweep."""
        return len(self.of(RunResult.KEPT))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lost(self) -> int:
        """Runs that are lost, found so now or earlier."""
        return len(self.of(RunResult.LOST))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def failed(self) -> int:
        """Runs that the next sweep tries again."""
        return len(self.of(RunResult.FAILED))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def not_kept(self) -> int:
        """Runs that were paid for and are not in the archive."""
        return len(self.of(RunResult.LOST, RunResult.FAILED))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def not_kept_usd(self) -> Decimal:
        """What those were charged."""
        return _charged(self.of(RunResult.LOST, RunResult.FAILED))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kept_now_usd(self) -> Decimal:
        """What the runs were charged that this sweep has kept."""
        return _charged(self.of(RunResult.KEPT))

    def raise_for_failures(self) -> None:
        """Do nothing if every run was dealt with.

        Raises:
            SweepIncompleteError: some could not be; the next sweep tries them again.
        """
        failed = self.of(RunResult.FAILED)
        if failed:
            raise SweepIncompleteError(
                f"{len(failed)} of the runs could not be kept, such as {failed[0].run_id}: {failed[0].note}; "
                "sweep again"
            )

    def worst_first(self) -> tuple[SweptRun, ...]:
        """Return all runs, those that a person should look at before the others."""
        return self.of(RunResult.FAILED) + self.of(RunResult.LOST) + self.of(RunResult.KEPT)

    def of(self, *results: RunResult) -> tuple[SweptRun, ...]:
        """Return the runs with one of these results."""
        return tuple(run for run in self.runs if run.outcome in results)


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep is: different runs seen in history, and what has become of those that were not kept."""

    seen: int
    kept: int
    lost: int
    failed: int


def sweep_lines(report: SweepReport) -> tuple[str, ...]:
    """Return a report in words, a line for each thing that matters."""
    unreadable = (
        f"{report.unreadable:,} items of history cannot be read: they may be runs that are not kept; the log "
        "names their fields, and the next sweep looks at them again"
    )
    return (
        f"{report.seen:,} runs seen on {report.pages:,} pages of history; {report.kept_before:,} kept already",
        *([unreadable] if report.unreadable else []),
        f"kept now: {_runs(report.kept_now)}, {shown_usd(report.kept_now_usd)}",
        f"paid but not kept: {_runs(report.not_kept)}, {shown_usd(report.not_kept_usd)} "
        f"({report.lost:,} lost, {report.failed:,} failed and tried again by the next sweep)",
        f"{report.leftovers_dropped:,} unfinished uploads or temporary files removed",
        *([_corrections_line(report.corrections)] if report.corrections else []),
    )


def _corrections_line(corrections: Sequence[CorrectedRun]) -> str:
    first = corrections[0]
    return (
        f"charges corrected: {_runs(len(corrections))}, such as {first.run_id} from {shown_usd(first.was_usd)} to "
        f"{shown_usd(first.charged_usd)}; `florist bill` counts them in"
    )


def _charged(runs: Iterable[SweptRun]) -> Decimal:
    return sum((run.charged_usd or Decimal(0) for run in runs), Decimal(0))


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
