"""The report of a sweep in the making: which runs are still to be dealt with, and what became of the others."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from florist.api.models import Run, RunStatus
from florist.archive.keys import short_run_id
from florist.ledger.corrections import Correction
from florist.sweep.failures import Failure, UnkeptRun, UnkeptRuns
from florist.sweep.report import CorrectedRun, RunResult, SweepProgress, SweepReport, SweptRun


class Tally:
    """Counts each run once, whichever histories and earlier failures it shows up in."""

    def __init__(self, location: str, kept: set[str], unkept: UnkeptRuns, *, now: datetime | None) -> None:
        """Begin with what the store tells.

        Args:
            kept: short ids of the runs in the index.
            unkept: those that earlier sweeps could not keep.
            now: those of them whose time has not come are left alone; None if all are to be tried.
        """
        self._location = location
        self._kept = kept
        self._unkept = unkept.runs
        self._seen: set[str] = set()
        self._backing_off = {
            short_id for short_id, run in unkept.runs.items() if now is not None and not run.is_due(now)
        }
        self._results: dict[str, SweptRun] = {}
        self._counts: Counter[RunResult] = Counter()
        for short_id, key in unkept.unreadable.items():
            self._put(short_id, _unreadable(short_id, key))
        for short_id, run in unkept.runs.items():
            self._put(short_id, _remembered(run))
        self.pages = 0
        self.unreadable = 0
        self.leftovers_dropped = 0
        self.corrections: list[Correction] = []

    def due(self, owner: str) -> list[Failure]:
        """Return the latest failure of each run that this owner is to try again.

        To another's key a run may be unknown, which says nothing.
        """
        due = [
            run.latest
            for short_id, run in self._unkept.items()
            if short_id not in self._backing_off and run.latest.owner in ("", owner)
        ]
        self._seen |= {failure.run.run_id for failure in due}
        return due

    def missing(self, runs: Iterable[Run]) -> list[Run]:
        """Return the completed runs among these that are to be tried, each once in a sweep."""
        new = {run.run_id: run for run in runs if run.run_id not in self._seen and run.is_finished}
        self._seen |= {run.run_id for run in runs}
        return [run for run in new.values() if run.status is RunStatus.COMPLETED and not self._is_known(run)]

    def earlier(self, run: Run) -> UnkeptRun | None:
        """Return how keeping this run failed before."""
        return self._unkept.get(short_run_id(run.run_id))

    def add(self, swept: SweptRun) -> None:
        """Take note of what has become of a run; what was told of it before is forgotten."""
        self._put(short_run_id(swept.run_id), swept)

    def progress(self) -> SweepProgress:
        """Return how far the sweep is."""
        of = self._counts
        return SweepProgress(len(self._seen), of[RunResult.KEPT], of[RunResult.LOST], of[RunResult.FAILED])

    def report(self) -> SweepReport:
        """Return what was found so far."""
        return SweepReport(
            location=self._location,
            pages=self.pages,
            unreadable=self.unreadable,
            seen=len(self._seen),
            kept_before=len(self._kept),
            runs=tuple(self._results.values()),
            leftovers_dropped=self.leftovers_dropped,
            corrections=tuple(map(_corrected, self.corrections)),
        )

    def _is_known(self, run: Run) -> bool:
        short_id = short_run_id(run.run_id)
        return short_id in self._kept or short_id in self._backing_off

    def _put(self, short_id: str, swept: SweptRun) -> None:
        if short_id in self._results:
            self._counts[self._results[short_id].outcome] -= 1
        self._results[short_id] = swept
        self._counts[swept.outcome] += 1


def _remembered(unkept: UnkeptRun) -> SweptRun:
    run = unkept.latest.run
    return SweptRun(
        run_id=run.run_id,
        technique=unkept.latest.technique,
        outcome=RunResult.LOST if unkept.is_lost else RunResult.FAILED,
        charged_usd=run.charged_usd,
        completed_at=run.completed_at,
        note=unkept.note,
    )


def _unreadable(short_id: str, key: str) -> SweptRun:
    note = f"the note {key} cannot be read any more; look at it, or delete it and sweep with --full"
    return SweptRun(run_id=short_id, technique="", outcome=RunResult.FAILED, note=note)


def _corrected(correction: Correction) -> CorrectedRun:
    return CorrectedRun(
        run_id=correction.run_id, was_usd=correction.was_usd, charged_usd=correction.now.charged_usd
    )
