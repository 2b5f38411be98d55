"""Waits for runs at FLORA by polling, with one background task for all runs of a client.

However many runs are waited for, that task polls all of them, each when it has likely ended, going by how long the
runs of its technique have taken so far. It starts with the first waiter and ends with the last.

Source: the contract, "A run".
"""

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from florist.api.durations import Durations
from florist.api.errors import APIConnectionError, APIError, RunStillPending
from florist.api.models import Run, RunStatus
from florist.api.rate import Sleep
from florist.api.recent_runs import RECENT_SECONDS
from florist.api.run_poller import RunPoller, RunRoute, is_passing
from florist.api.watched_run import Route, WatchedRun
from florist.api.watching_schedule import RUNS_PER_PAGE, Pace, first_poll_delay, rest_after

logger = logging.getLogger("florist.api")

KEPT_SECONDS = 120.0
"""How long an unfinished run is remembered after its last waiter left: windows follow one another, and the
polling schedule must not begin anew with each."""

SCOUTS = RUNS_PER_PAGE
"""Runs of a technique by which to learn how long it takes: the first, which one page shows."""


class RunWatcher:
    """Waits for runs, all of them with one poller. Belongs to one event loop.

    Args:
        routes: how runs are read, by the route that started them.
        started_at: when this client started the run with this id, if that was a moment ago.
        server_now: the time by FLORA's clock.
        pace: the least and the most seconds between two looks at a run.
    """

    def __init__(
        self,
        routes: Mapping[Route, RunRoute],
        *,
        started_at: Callable[[str], float | None] = lambda run_id: None,
        pace: Pace | None = None,
        server_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._pace = pace or Pace()
        self._started_at = started_at
        self._server_now = server_now
        self._poller = RunPoller(routes, pace=self._pace, monotonic=monotonic, learn=self._learn_of)
        self._monotonic = monotonic
        self._sleep = sleep
        self._waited: dict[str, WatchedRun] = {}
        self._left: dict[str, tuple[float, WatchedRun]] = {}
        self._durations: defaultdict[str, Durations] = defaultdict(Durations)
        self._learnt_of: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._nap: asyncio.Future[None] | None = None
        self._nap_until = math.inf
        self._next_tick_at = 0.0
        self._quiet_until = 0.0
        self._troubles = 0
        self._is_closed = False

    async def wait(
        self,
        run_id: str,
        *,
        technique: str | None,
        window: float | None = None,
        route: Route = "technique",
        expected_seconds: float | None = None,
        just_started: bool = False,
    ) -> Run:
        """Return the run once it is `completed`, with its outputs, or `failed`.

        Trouble at FLORA or on the way there is no failure of the run: it is polled again. May be cancelled and
        repeated at will; the polling schedule of a run is kept for two minutes between two windows.

        Args:
            window: seconds from now; None waits for as long as the run takes.
            expected_seconds: in how many seconds from now the run is likely to end. None: a run just started
                takes as long as the technique's runs did so far; any other is polled at once.
            just_started: FLORA may not show the run yet, so a 404 in the first minute is no answer. Needed only
                for a run that another client may have started; this client knows its own.

        Raises:
            RunStillPending: unfinished when the window closed; `error.run` is what FLORA last said of it.
            RunWithoutOutputsError: it was completed, and charged, without a single output.
            NotFoundError: FLORA does not know it; of a run just started, not within a minute either.
            AuthenticationError, PermissionDeniedError: the key is no good; all who wait get this.
        """
        if self._is_closed:
            raise RuntimeError("this client is closed: no run can be waited for with it")
        watched = self._watch(run_id, technique, route, expected_seconds, just_started=just_started)
        watched.waiters += 1
        closing = None if window is None else asyncio.ensure_future(self._sleep(window))
        try:
            self._ensure_polling(watched)
            await asyncio.wait({watched.ended, closing or watched.ended}, return_when=asyncio.FIRST_COMPLETED)
            if watched.ended.done():
                return watched.ended.result()
            raise RunStillPending(
                f"run {run_id} is {watched.last_seen.status} after a window of {window:g} s; it goes on at FLORA, "
                "wait for it again",
                run=watched.last_seen,
            )
        finally:
            if closing is not None:
                closing.cancel()
            self._leave(watched)

    def tell_ended(self, run_id: str) -> None:
        """Poll a run at once: a webhook says that it has ended. Unknown runs are ignored."""
        _, left = self._left.get(run_id, (0.0, None))
        if (watched := self._waited.get(run_id, left)) is not None:
            watched.is_reported_ended = True
            self._wake()

    def expected_seconds(self, technique: str) -> float | None:
        """Return how long half of a technique's runs have taken so far; None while none has been seen to end."""
        durations = self._durations.get(technique)
        return None if durations is None else durations.quantile(0.5)

    async def aclose(self) -> None:
        """Stop polling; whoever still waits gets an `APIConnectionError`. The runs go on at FLORA."""
        self._is_closed = True
        for watched in tuple(self._waited.values()):
            watched.end(
                APIConnectionError(
                    f"the client was closed while run {watched.run_id} was waited for; the run goes on at FLORA, "
                    "wait for it again with another client"
                )
            )
        self._stop_polling()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _watch(
        self,
        run_id: str,
        technique: str | None,
        route: Route,
        expected_seconds: float | None,
        *,
        just_started: bool,
    ) -> WatchedRun:
        now = self._monotonic()
        self._forget_the_long_left(now)
        _, known = self._left.pop(run_id, (0.0, None))
        watched = self._waited.get(run_id, known)
        started_at = self._started_at(run_id)
        is_new = just_started or started_at is not None
        stated = expected_seconds or None  # 0 says no more than that it may have ended long ago
        if watched is None or watched.ended.done():
            durations = Durations() if technique is None else self._durations[technique]
            began_at = now if started_at is None else started_at
            watched = WatchedRun(
                run_id=run_id,
                technique=technique,
                route=route,
                began_at=began_at,
                joined_at=now,
                is_age_known=is_new and expected_seconds != 0,
                stated_seconds=None if stated is None else now - began_at + stated,
                is_scout=stated is not None or self._is_scout(technique),
                durations=durations,
                pace=self._pace,
                ended=asyncio.get_running_loop().create_future(),
            )
        elif expected_seconds is not None:
            watched.look_at(min(watched.next_poll_at, now + first_poll_delay(expected_seconds)))
        if is_new:
            watched.may_be_unknown_until = watched.began_at + RECENT_SECONDS
        self._waited[run_id] = watched
        return watched

    def _is_scout(self, technique: str | None) -> bool:
        """Whether so few runs of an unknown technique are waited for that each is needed to learn of it."""
        if technique is None or self._durations[technique]:
            return True
        return sum(run.technique == technique for run in self._waited.values()) < SCOUTS

    def _forget_the_long_left(self, now: float) -> None:
        for run_id, (left_at, _) in tuple(self._left.items()):
            if now - left_at < KEPT_SECONDS:
                return
            del self._left[run_id]

    def _leave(self, watched: WatchedRun) -> None:
        watched.waiters -= 1
        if watched.waiters:
            return
        if self._waited.get(watched.run_id) is watched:
            del self._waited[watched.run_id]
            if not watched.ended.done():
                self._left[watched.run_id] = (self._monotonic(), watched)
        if not self._waited:
            self._stop_polling()

    def _ensure_polling(self, watched: WatchedRun) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll_until_cancelled(), name="florist run watcher")
        if watched.is_reported_ended or watched.due_at < self._nap_until:
            self._wake()

    def _stop_polling(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._ending.add(self._task)
            self._task.add_done_callback(self._ending.discard)
            self._task = None

    def _wake(self) -> None:
        if self._nap is not None:
            self._nap.cancel()

    async def _poll_until_cancelled(self) -> None:
        try:
            while True:
                await self._rest()
                await self._tick()
        except asyncio.CancelledError:
            if self._task is asyncio.current_task():  # by somebody else: nobody would poll any more
                for watched in self._waited.values():
                    watched.ended.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: they would wait for ever
            for watched in self._waited.values():
                watched.end(error)

    async def _rest(self) -> None:
        """Sleep until a run is due, however often the waiters change meanwhile."""
        while (seconds := self._next_tick_due_at() - self._monotonic()) > 0:
            self._nap_until = self._monotonic() + seconds
            self._nap = asyncio.ensure_future(self._sleep(seconds))
            try:
                await asyncio.wait({self._nap})
                if not self._nap.cancelled():
                    self._nap.result()
            finally:
                self._nap.cancel()

    def _next_tick_due_at(self) -> float:
        due_at = self._monotonic() + self._pace.longest
        for watched in self._waited.values():
            if watched.ended.done():
                continue
            if watched.is_reported_ended:
                return self._quiet_until
            due_at = min(due_at, watched.due_at)
        return max(due_at, self._next_tick_at, self._quiet_until)

    async def _tick(self) -> None:
        watched = {run_id: run for run_id, run in self._waited.items() if not run.ended.done()}
        began_at = self._monotonic()
        try:
            await self._poll(watched)
        except APIError as error:
            if not is_passing(error):
                raise
            self._troubles += 1
            rest = rest_after(error, self._troubles, self._pace)
            self._quiet_until = self._monotonic() + rest
            logger.warning("%d runs are waited for, polling again in %.0f s: %s", len(watched), rest, error)
        else:
            self._troubles = 0
        finally:
            for run in watched.values():
                self._learn(run)
            self._replan(watched.values(), began_at)

    async def _poll(self, watched: Mapping[str, WatchedRun]) -> None:
        if reported := [run for run in watched.values() if run.is_reported_ended]:
            await self._poller.retrieve(reported)
            return
        try:
            await self._poller.poll(watched)
        finally:
            # Counted from the end of the tick: the slower FLORA answers, the less it is asked.
            self._next_tick_at = self._monotonic() + self._pace.tick

    def _learn_of(self, run: Run) -> None:
        """Learn from anybody's run, as far as too little is known of its technique."""
        if run.technique is None or run.status is not RunStatus.COMPLETED:
            return
        if not self._durations[run.technique.technique_id].is_full and run.created_at and run.completed_at:
            took = (run.completed_at - run.created_at).total_seconds()
            self._note(run.technique.technique_id, run.run_id, took)

    def _learn(self, watched: WatchedRun) -> None:
        run, technique = watched.last, watched.technique
        if run is not None and run.created_at and not watched.is_age_known:
            age = (self._server_now() - run.created_at).total_seconds()
            watched.note_age(max(0.0, age), self._monotonic())
        if run is None or technique is None or run.status is not RunStatus.COMPLETED:
            return
        if run.created_at and run.completed_at:
            self._note(technique, run.run_id, (run.completed_at - run.created_at).total_seconds())
        elif watched.is_age_known:
            self._note(technique, run.run_id, watched.last_asked_at - watched.began_at)

    def _note(self, technique: str, run_id: str, took: float) -> None:
        if self._durations[technique].add(run_id, max(0.0, took)):
            self._learnt_of.add(technique)

    def _replan(self, watched: Iterable[WatchedRun], since: float) -> None:
        """Have the runs that go on looked at by what this tick has told of others of their technique."""
        told_of = self._learnt_of | {run.technique for run in watched if run.last_asked_at >= since}
        self._learnt_of = set()
        ages = defaultdict[str, list[float]](list)
        runs = [run for run in self._waited.values() if run.technique in told_of and run.is_expected]
        for run in runs:
            if (age := run.seen_running_at) is not None and run.technique is not None:
                ages[run.technique].append(age)
        for technique, known in ages.items():
            self._durations[technique].note_running(known)
        for run in runs:
            run.replan()
