"""Reconciliation of FLORA's history with the archive: finds what was paid for and is not kept, and keeps it.

list the index once ─► runs that failed before ─► history, page by page ─► keep what is missing, or note why not
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from florist.api.errors import AuthenticationError, NotFoundError, RunWithoutOutputsError
from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.errors import ArchiveError, OutputExpiredError, OutputRefusedError
from florist.archive.keys import INDEX_FOLDER
from florist.archive.side_by_side import side_by_side
from florist.errors import FloristError
from florist.stores.errors import (
    IntegrityError,
    StoreDeniedError,
    StoreFullError,
    StoreMissingError,
    StoreUnsafeError,
)
from florist.stores.store import Store
from florist.sweep.charges import ChargeCheck
from florist.sweep.checkpoints import Checkpoint, Checkpoints
from florist.sweep.failures import Failure, note_failure, unkept_runs
from florist.sweep.history_pass import History, HistoryPass
from florist.sweep.origins import Origins
from florist.sweep.report import RunResult, SweepProgress, SweepReport, SweptRun
from florist.sweep.tally import Tally

STALE_AFTER = timedelta(hours=24)
"""Nothing of ours takes a day to upload: what was begun before that, nobody goes on with."""

RUNS_AT_ONCE = 8

_FATAL = (AuthenticationError, StoreDeniedError, StoreFullError, StoreMissingError, StoreUnsafeError)
"""After these every other run would fail as well."""

_ABOUT_THE_OUTPUTS = (ArchiveError, IntegrityError, RunWithoutOutputsError)
"""Failures that are noted with their run; all others say nothing about it."""

_CONCLUSIVE = (OutputExpiredError, RunWithoutOutputsError)

logger = logging.getLogger(__name__)


class Sweep:
    """Keeps what is not kept, in one store. Safe to repeat, to kill, and to run twice at once."""

    def __init__(
        self,
        store: Store,
        archiver: Archiver,
        histories: Sequence[History],
        origins: Origins,
        charges: ChargeCheck,
        *,
        owner: str,
        stale_after: timedelta = STALE_AFTER,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_progress: Callable[[SweepProgress], None] = lambda progress: None,
    ) -> None:
        """Put together what it takes.

        Args:
            owner: whose histories these are: checkpoints in the store are kept apart by it.
            now: FLORA's time.
            on_progress: called after every page and every run that was dealt with.
        """
        self._store = store
        self._archiver = archiver
        self._histories = histories
        self._origins = origins
        self._charges = charges
        self._owner = owner
        self._stale_after = stale_after
        self._now = now
        self._on_progress = on_progress

    async def run(self, *, full: bool = False) -> SweepReport:
        """Go through the histories, and keep every completed run that is not kept.

        A run's failure does not stop it. A crash costs nothing that was kept; the next sweep goes on from there.

        Args:
            full: go through all of history, also what an earlier sweep has covered, and try every lost run again.

        Raises:
            APIError: history could not be read.
            StoreError: the store takes nothing.
        """
        kept = {_short_id(item.key) async for item in self._store.list(INDEX_FOLDER)}
        unkept = await unkept_runs(self._store, kept=kept)
        tally = Tally(self._store.location, kept, unkept, now=None if full else self._now())
        await self._retry(tally)
        for history in self._histories:
            await self._go_through(history, tally, full=full)
        tally.leftovers_dropped = await self._store.drop_leftovers(older_than=self._stale_after)
        return tally.report()

    async def _retry(self, tally: Tally) -> None:
        """Try again what could not be kept before: history may be covered far beyond it."""

        async def retry(failure: Failure) -> None:
            await self._deal(failure.run, self._history_of(failure), tally)

        await side_by_side(tally.due(self._owner), retry, at_once=RUNS_AT_ONCE)

    async def _go_through(self, history: History, tally: Tally, *, full: bool) -> None:
        checkpoints = Checkpoints(self._store, owner=self._owner, history=history.name)
        passing = HistoryPass(history, checkpoints, Checkpoint() if full else await checkpoints.newest())

        async def deal(run: Run) -> None:
            if not await self._deal(run, history, tally):
                passing.failed(run)

        async with aclosing(passing.pages()) as pages:
            async for page in pages:
                for run in page.items:
                    if not run.is_finished:
                        passing.unfinished(run)
                await side_by_side(tally.missing(page.items), deal, at_once=RUNS_AT_ONCE)
                tally.corrections += await self._charges.check(page.items)
                tally.pages += 1
                tally.unreadable += len(page.unreadable)
                self._on_progress(tally.progress())

    async def _deal(self, run: Run, history: History, tally: Tally) -> bool:
        """Keep a run, or note why it could not be; False if not even that is settled.

        Any failure concerns its run alone: also one that nobody thought of, whose words may hold anything.
        """
        is_settled = False
        try:
            tally.add(await self._kept_or_noted(run, history, tally))
            is_settled = True
        except _FATAL:
            raise
        except FloristError as error:
            tally.add(_swept(run, RunResult.FAILED, technique=_technique(run), note=str(error)))
        except Exception as error:  # noqa: BLE001 - told in the report, and tried again by the next sweep
            logger.warning("run %s could not be kept: unexpected %s", run.run_id, type(error).__name__)
            note = f"unexpected {type(error).__name__}; please report it to Florist's authors"
            tally.add(_swept(run, RunResult.FAILED, technique=_technique(run), note=note))
        self._on_progress(tally.progress())
        return is_settled

    async def _kept_or_noted(self, run: Run, history: History, tally: Tally) -> SweptRun:
        origin = await self._origins.origin_of(run)
        earlier = tally.earlier(run)
        try:
            manifest = await self._archiver.keep(run, origin, refresh=lambda: _read_again(run, history))
        except _ABOUT_THE_OUTPUTS as error:
            failure = Failure(
                run=run,
                technique=origin.technique,
                history=history.name,
                owner=self._owner,
                reason=str(error),
                is_conclusive=isinstance(error, _CONCLUSIVE),
                seen_at=self._now(),
            )
            unkept = await note_failure(self._store, earlier, failure)
            result = RunResult.LOST if unkept.is_lost else RunResult.FAILED
            return _swept(run, result, technique=origin.technique, note=unkept.note)
        await self._origins.kept(run, manifest)
        after = f" (after {len(earlier.failures)} failed attempts)" if earlier else ""
        return _swept(run, RunResult.KEPT, technique=origin.technique, note=f"{manifest.outputs[0].key}{after}")

    def _history_of(self, failure: Failure) -> History:
        name = failure.history or ("technique-runs" if failure.run.technique else "generations")
        return next((history for history in self._histories if history.name == name), self._histories[0])


async def _read_again(run: Run, history: History) -> Run:
    try:
        return await history.retrieve(run)
    except NotFoundError as error:
        # Its history has shown it as completed, so that this is no "not yet".
        raise OutputRefusedError(
            f"run {run.run_id} was paid for, but FLORA does not find it any more ({error})",
            run_id=run.run_id,
            index=0,
        ) from error


def _short_id(index_key: str) -> str:
    return index_key.removeprefix(INDEX_FOLDER).removesuffix(".json")


def _swept(run: Run, result: RunResult, *, technique: str, note: str) -> SweptRun:
    return SweptRun(
        run_id=run.run_id,
        technique=technique,
        outcome=result,
        charged_usd=run.charged_usd,
        completed_at=run.completed_at,
        note=note,
    )


def _technique(run: Run) -> str:
    return run.technique.name or run.technique.technique_id if run.technique else ""
