"""Polls many runs with few requests: pages of history where they pay, else a retrieve for each."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from florist.api.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from florist.api.models import Run
from florist.api.run_history import Allowance, ReadPage, RunHistory
from florist.api.watched_run import Route, WatchedRun
from florist.api.watching_schedule import RUNS_PER_PAGE, Pace, pagefuls, requests_allowed

logger = logging.getLogger("florist.api")

FATAL = (AuthenticationError, PermissionDeniedError)
"""What no other request will mend: it reaches every waiter."""

FEW_RUNS = 3
"""So many are retrieved without reading history, which would cost a page and then a retrieve of each."""

SIDE_BY_SIDE = 8
"""Retrieves in flight. Each ended run is retrieved once where history left its outputs out."""

RETRIEVING_SECONDS = 1.0
"""So long a tick retrieves; then pages may tell more."""

CROWDED_SECONDS = 30.0
"""So long pages alone tell of ends, if they can, once more runs were waited for than one page shows."""

UNREADABLE_ANSWERS = 3
"""A proxy's page in place of FLORA's answer may come once or twice; thrice it is the run's own trouble."""


@dataclass(frozen=True)
class RunRoute:
    """How the runs of one of FLORA's routes are read.

    Attributes:
        retrieve: takes a run id and, where it is known, the run's technique.
        page: takes a cursor, or None for the newest runs. None where the route has no history.
    """

    retrieve: Callable[[str, str | None], Awaitable[Run]]
    page: ReadPage | None = None


class RunPoller:
    """Reads runs for a watcher, one tick at a time.

    A page of history tells of many runs at once; a retrieve comes at the very moment at which a run has probably
    ended. Retrieves are for a few runs; for those that no page tells of; where pages leave outputs out, so that
    each ended run is retrieved anyway; and as long as no more runs are waited for than one page shows.

    Args:
        learn: takes each run that a page of history shows.
    """

    def __init__(
        self,
        routes: Mapping[Route, RunRoute],
        *,
        pace: Pace,
        monotonic: Callable[[], float],
        learn: Callable[[Run], None],
    ) -> None:
        self._routes = routes
        self._histories = {
            name: RunHistory(route.page, monotonic=monotonic, interval=pace.page, learn=learn)
            for name, route in routes.items()
            if route.page
        }
        self._pace = pace
        self._monotonic = monotonic
        self._ticks = 0
        self._allowance = Allowance()
        self._counted_at = -math.inf
        self._crowded_until = -math.inf

    async def poll(self, watched: Mapping[str, WatchedRun]) -> None:
        """Look at the runs that are due; what remains is due again at the next tick.

        Raises:
            APIError: FLORA could not be asked. What was read before that is noted.
        """
        now = self._monotonic()
        self._refill(len(watched), now)
        due = [run for run in watched.values() if run.is_due(now)]
        groups = {name: self._together(name, due, watched, now) for name in self._histories}
        await self._read_histories(watched, groups, now)
        unseen = [run for run in due if run.last_asked_at < now and run.is_waited_for]
        likely, alone = [], []
        for run in unseen:
            if self._is_worth_a_retrieve(run, now):
                likely.append(run)
            elif self._stands_alone(run, groups, now):
                alone.append(run)
            else:
                run.look_at(max(run.next_poll_at, self._histories[run.route].free_at))
        alone = _longest_unseen(alone, int(self._allowance.left))
        self._allowance.left -= len(alone)
        ended = [run for run in watched.values() if run.lacks_details]
        await self.retrieve([*alone, *likely, *ended], seconds=RETRIEVING_SECONDS)

    async def retrieve(self, runs: Iterable[WatchedRun], *, seconds: float = math.inf) -> None:
        """Read each of the runs by itself, as many as fit into so many seconds.

        Raises:
            APIError: FLORA could not be asked. The answers that did come are noted.
        """
        until = self._monotonic() + seconds
        waiting = iter(runs)
        troubles: list[BaseException] = []

        async def retrieve_some() -> None:
            for run in waiting:
                if troubles or self._monotonic() >= until:
                    return
                if trouble := self._take(run, await self._answer(run)):
                    troubles.append(trouble)

        await asyncio.gather(*(retrieve_some() for _ in range(SIDE_BY_SIDE)))
        if worst := max(troubles, key=_weight, default=None):
            raise worst

    def _refill(self, waiting: int, now: float) -> None:
        """Let the looks make as many requests more as the runs waited for have earned."""
        earned = (now - self._counted_at) * pagefuls(waiting)
        self._allowance.refill(earned, most=requests_allowed(waiting))
        self._counted_at = now
        if waiting > RUNS_PER_PAGE:
            self._crowded_until = now + CROWDED_SECONDS

    def _is_worth_a_retrieve(self, run: WatchedRun, now: float) -> bool:
        """Whether it has probably ended, and a retrieve is no waste."""
        history = self._histories.get(run.route)
        is_no_waste = history is None or history.shows_outputs is False or now >= self._crowded_until
        return is_no_waste and run.is_likely_ended(now)

    def _together(
        self, route: Route, due: Sequence[WatchedRun], watched: Mapping[str, WatchedRun], now: float
    ) -> Sequence[WatchedRun]:
        """Return the runs to look for on pages: where some are due, also those that soon will be."""
        if not any(run.route == route for run in due):
            return ()
        return [run for run in watched.values() if run.route == route and run.is_due(now, ahead=self._pace.page)]

    def _stands_alone(self, run: WatchedRun, groups: Mapping[Route, Sequence[WatchedRun]], now: float) -> bool:
        """Whether no page will tell of it."""
        history = self._histories.get(run.route)
        if history is None or history.is_resting(now) or run.off_pages_until > now:
            return True
        return len(groups[run.route]) <= FEW_RUNS

    async def _read_histories(
        self,
        watched: Mapping[str, WatchedRun],
        groups: Mapping[Route, Sequence[WatchedRun]],
        now: float,
    ) -> None:
        self._ticks += 1
        for name in _rotated(tuple(self._histories), self._ticks):
            runs = groups[name]
            if len(runs) <= FEW_RUNS:
                continue
            try:
                await self._histories[name].read(runs, watched, self._allowance, now=now)
            except Exception as error:
                if isinstance(error, APIError) and (is_passing(error) or isinstance(error, FATAL)):
                    raise
                logger.warning("history of %s runs cannot be read, retrieving each: %s", name, error)

    async def _answer(self, watched: WatchedRun) -> Run | Exception:
        watched.retrieved_at = self._monotonic()
        try:
            return await self._routes[watched.route].retrieve(watched.run_id, watched.technique)
        except Exception as error:  # noqa: BLE001 - looked at by `_take`
            return error

    def _take(self, watched: WatchedRun, answer: Run | Exception) -> Exception | None:
        """Note the answer; return an error that concerns not this run alone."""
        now = self._monotonic()
        if isinstance(answer, Run):
            watched.update(answer, now, in_full=True)
            return None
        if isinstance(answer, FATAL):
            return answer
        if not isinstance(answer, APIError):  # whatever it is, it came of this run's answer
            watched.end(answer)
            return None
        if is_passing(answer):
            watched.last_asked_at = now  # others first at the next tick
            return answer
        watched.reschedule(now)
        if not _is_for_later(watched, answer, now):
            watched.end(answer)
        return None


def is_passing(error: APIError) -> bool:
    """Whether an answer says nothing about the run: FLORA, or the way to it, is in trouble just now."""
    return error.is_retryable or (isinstance(error, APIStatusError) and error.status == 408)


def _longest_unseen(runs: Iterable[WatchedRun], count: int) -> list[WatchedRun]:
    return sorted(runs, key=lambda run: run.last_asked_at)[:count]


def _is_for_later(watched: WatchedRun, error: APIError, now: float) -> bool:
    if isinstance(error, APIResponseValidationError):
        watched.unreadable += 1
        return watched.unreadable < UNREADABLE_ANSWERS
    return isinstance(error, NotFoundError) and now < watched.may_be_unknown_until


def _weight(error: BaseException) -> int:
    if not isinstance(error, APIError) or not is_passing(error):
        return 2
    return 1 if isinstance(error, RateLimitError) else 0


def _rotated(names: tuple[Route, ...], by: int) -> tuple[Route, ...]:
    start = by % len(names) if names else 0
    return names[start:] + names[:start]
