"""Finds what was paid for and is not kept, and keeps it.

list the index once ─► history, page by page ─► runs that are completed and not in it ─► keep, or note as lost
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from florist.api.errors import AuthenticationError, NotFoundError
from florist.api.models import Run, RunStatus
from florist.archive.archiver import Archiver
from florist.archive.errors import OutputExpiredError
from florist.archive.keys import INDEX_FOLDER, index_key
from florist.archive.side_by_side import side_by_side
from florist.errors import FloristError
from florist.stores.errors import StoreDeniedError, StoreFullError, StoreMissingError, StoreUnsafeError
from florist.stores.store import Store
from florist.sweep.checkpoints import Checkpoint, Checkpoints
from florist.sweep.history_pass import History, HistoryPass
from florist.sweep.lost_runs import LOSSES, LostRun, lost_key, lost_runs, note_lost
from florist.sweep.origins import Origins
from florist.sweep.report import Outcome, SweepProgress, SweepReport, SweptRun

STALE_AFTER = timedelta(hours=24)
"""Nothing of ours takes a day to upload: what was begun before that, nobody goes on with."""

RUNS_AT_ONCE = 8
_END_IT = (AuthenticationError, StoreDeniedError, StoreFullError, StoreMissingError, StoreUnsafeError)
"""After these every other run would fail as well."""


class Sweep:
    """Keeps what is not kept, in one store. Safe to repeat, to kill, and to run twice at once."""

    def __init__(
        self,
        store: Store,
        archiver: Archiver,
        histories: Sequence[History],
        origins: Origins,
        *,
        owner: str,
        stale_after: timedelta = STALE_AFTER,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_progress: Callable[[SweepProgress], None] = lambda progress: None,
    ) -> None:
        """Put together what it takes.

        Args:
            owner: whose histories these are: checkpoints in the store are kept apart by it.
            on_progress: called after every page and every run that was dealt with.
        """
        self._store = store
        self._archiver = archiver
        self._histories = histories
        self._origins = origins
        self._owner = owner
        self._stale_after = stale_after
        self._now = now
        self._on_progress = on_progress

    async def run(self, *, full: bool = False) -> SweepReport:
        """Go through the histories, and keep every completed run that is not kept.

        A run's failure does not stop it. A crash costs nothing that was kept; the next sweep goes on from there.

        Args:
            full: go through all of history, also what an earlier sweep has covered.

        Raises:
            APIError: history could not be read.
            StoreError: the store takes nothing.
        """
        kept = {item.key async for item in self._store.list(INDEX_FOLDER)}
        lost = await lost_runs(self._store)
        tally = _Tally(self._store.location, kept, lost)
        for history in self._histories:
            await self._go_through(history, tally, full=full)
        tally.leftovers_dropped = await self._store.drop_leftovers(older_than=self._stale_after)
        return tally.report()

    async def _go_through(self, history: History, tally: "_Tally", *, full: bool) -> None:
        checkpoints = Checkpoints(self._store, owner=self._owner, history=history.name)
        passing = HistoryPass(history, checkpoints, Checkpoint() if full else await checkpoints.newest())
        async with aclosing(passing.pages()) as pages:
            async for page in pages:
                for run in page.items:
                    if not run.is_finished:
                        passing.unfinished(run)
                await side_by_side(
                    tally.missing(page.items),
                    lambda run: self._deal(run, history, passing, tally),
                    at_once=RUNS_AT_ONCE,
                )
                tally.pages += 1
                self._on_progress(tally.progress())

    async def _deal(self, run: Run, history: History, passing: HistoryPass, tally: "_Tally") -> None:
        try:
            swept = await self._kept_or_lost(run, history)
        except _END_IT:
            raise
        except FloristError as error:
            passing.failed(run)
            swept = _swept(run, Outcome.FAILED, technique=_technique(run), note=str(error))
        tally.add(swept)
        self._on_progress(tally.progress())

    async def _kept_or_lost(self, run: Run, history: History) -> SweptRun:
        origin = await self._origins.origin_of(run)
        try:
            manifest = await self._archiver.keep(run, origin, refresh=lambda: _read_again(run, history))
        except LOSSES as error:
            await note_lost(self._store, run, error, technique=origin.technique, now=self._now)
            return _swept(run, Outcome.LOST, technique=origin.technique, note=str(error))
        await self._origins.kept(run, manifest)
        return _swept(run, Outcome.KEPT, technique=origin.technique, note=manifest.outputs[0].key)


class _Tally:
    """The report in the making."""

    def __init__(self, location: str, kept: set[str], lost: dict[str, LostRun]) -> None:
        self._location = location
        self._kept = kept
        self._lost = lost
        self._seen: set[str] = set()
        # What a person or a flow has kept since it was found lost is lost no more.
        self._runs = [_found_lost(run) for run in lost.values() if index_key(run.run_id) not in kept]
        self._outcomes = Counter(run.outcome for run in self._runs)
        self.pages = 0
        self.leftovers_dropped = 0

    def missing(self, runs: Iterable[Run]) -> list[Run]:
        """Return the completed runs among these that nobody has kept or given up, each once in a sweep."""
        new = {run.run_id: run for run in runs if run.run_id not in self._seen and run.is_finished}
        self._seen |= {run.run_id for run in runs}
        return [run for run in new.values() if run.status is RunStatus.COMPLETED and not self._is_known(run)]

    def add(self, swept: SweptRun) -> None:
        self._runs.append(swept)
        self._outcomes[swept.outcome] += 1

    def progress(self) -> SweepProgress:
        of = self._outcomes
        return SweepProgress(len(self._seen), of[Outcome.KEPT], of[Outcome.LOST], of[Outcome.FAILED])

    def report(self) -> SweepReport:
        return SweepReport(
            location=self._location,
            pages=self.pages,
            seen=len(self._seen),
            kept_before=len(self._kept),
            runs=tuple(self._runs),
            leftovers_dropped=self.leftovers_dropped,
        )

    def _is_known(self, run: Run) -> bool:
        return index_key(run.run_id) in self._kept or lost_key(run.run_id) in self._lost


async def _read_again(run: Run, history: History) -> Run:
    try:
        return await history.retrieve(run)
    except NotFoundError as error:
        # Its history shows it as completed, so that this is no "not yet".
        raise OutputExpiredError(
            f"run {run.run_id} was paid for, but FLORA does not know it any more ({error})",
            run_id=run.run_id,
            index=0,
        ) from error


def _swept(run: Run, outcome: Outcome, *, technique: str, note: str) -> SweptRun:
    return SweptRun(
        run_id=run.run_id,
        technique=technique,
        outcome=outcome,
        charged_usd=run.charged_usd,
        completed_at=run.completed_at,
        note=note,
    )


def _found_lost(lost: LostRun) -> SweptRun:
    return SweptRun(
        run_id=lost.run_id,
        technique=lost.technique,
        outcome=Outcome.LOST,
        charged_usd=lost.charged_usd,
        completed_at=lost.completed_at,
        note=lost.reason,
    )


def _technique(run: Run) -> str:
    return run.technique.name or run.technique.technique_id if run.technique else ""
