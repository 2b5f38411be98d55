"""Polls many runs with few requests: pages of history where they pay, else a retrieve for each."""

import asyncio
import logging
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

logger = logging.getLogger("florist.api")

FATAL = (AuthenticationError, PermissionDeniedError)
"""What no other request will mend: it reaches every waiter."""

FEW_RUNS = 3
"""So many are retrieved without reading history, which would cost a page and then a retrieve of each."""

SIDE_BY_SIDE = 5
ENDED_RUNS_A_TICK = 20
"""Each ended run is retrieved once where history left its outputs out. Not held against the requests of the
tick, which are for runs in flight; together they keep 500 waiting runs below 20 requests a second."""

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

    A run's end is seen within two ticks as long as the runs in flight lie on no more pages than one tick may
    request. Where other people's runs pull them farther apart, it takes as many ticks as it takes to read
    those pages, or to retrieve each run in turn.
    """

    def __init__(self, routes: Mapping[Route, RunRoute], *, monotonic: Callable[[], float]) -> None:
        self._routes = routes
        self._histories = {name: RunHistory(route.page) for name, route in routes.items() if route.page}
        self._monotonic = monotonic
        self._ticks = 0

    async def poll(self, watched: Mapping[str, WatchedRun], due: Sequence[WatchedRun], *, requests: int) -> None:
        """Ask for the due runs with at most so many requests; what remains is due again at the next tick.

        Raises:
            APIError: FLORA could not be asked. What was read before that is noted.
        """
        now = self._monotonic()
        allowance = Allowance.of(requests)
        await self._read_histories(watched, [run for run in due if not run.lacks_details], allowance, now)
        ended = [run for run in watched.values() if run.lacks_details]
        unseen = [run for run in due if run.last_asked_at < now and not run.lacks_details]
        await self.retrieve(_longest_unseen(unseen, allowance.left) + _longest_unseen(ended, ENDED_RUNS_A_TICK))

    async def retrieve(self, runs: Sequence[WatchedRun]) -> None:
        """Read each of the runs by itself.

        Raises:
            APIError: FLORA could not be asked. The answers that did come are noted.
        """
        for start in range(0, len(runs), SIDE_BY_SIDE):
            chunk = runs[start : start + SIDE_BY_SIDE]
            answers = await asyncio.gather(*map(self._answer, chunk), return_exceptions=True)
            troubles = [self._take(run, answer) for run, answer in zip(chunk, answers, strict=True)]
            if worst := max(filter(None, troubles), key=_weight, default=None):
                raise worst

    async def _read_histories(
        self, watched: Mapping[str, WatchedRun], due: Sequence[WatchedRun], allowance: Allowance, now: float
    ) -> None:
        self._ticks += 1
        for name in _rotated(tuple(self._histories), self._ticks):
            if sum(run.route == name for run in due) <= FEW_RUNS:
                continue
            # A page shows all runs alike: the others are looked for too, and need no sweep of their own soon.
            runs = [run for run in watched.values() if run.route == name and run.is_being_polled(now)]
            try:
                await self._histories[name].read(runs, watched, allowance, now=now)
            except Exception as error:
                if isinstance(error, APIError) and (is_passing(error) or isinstance(error, FATAL)):
                    raise
                logger.warning("history of %s runs cannot be read, retrieving each: %s", name, error)

    async def _answer(self, watched: WatchedRun) -> Run:
        return await self._routes[watched.route].retrieve(watched.run_id, watched.technique)

    def _take(self, watched: WatchedRun, answer: Run | BaseException) -> BaseException | None:
        """Note the answer; return an error that concerns not this run alone."""
        now = self._monotonic()
        if isinstance(answer, Run):
            watched.update(answer, now, in_full=True)
            return None
        if not isinstance(answer, Exception) or isinstance(answer, FATAL):
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
