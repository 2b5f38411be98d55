"""Reads run history for many waiting runs at once, over several ticks where it is long.

Pages shift while they are read: a run that starts pushes every other one down, some onto the next page.
Repeats are harmless; a run that slipped through is searched for again, or retrieved by itself.

Source: GET /technique-runs, GET /generations; the contract, "A run".
"""

import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from florist.api.errors import APIError
from florist.api.models import Run, RunStatus
from florist.api.paging import Page
from florist.api.watched_run import WatchedRun, has_details

PAYING_YIELD = 2.0
"""Runs found on a page: from here on it is worth more than the retrieves it saves, which bring outputs too."""

POOR_YIELD = 1.0
"""Runs found on a page: below, retrieves are cheaper, and history is left alone for some seconds."""

POOR_REST_SECONDS = 6.0
FAILURE_REST_SECONDS = 2.0
LONGEST_REST_SECONDS = 16.0
OFF_PAGES_SECONDS = 30.0
"""How long a run that history did not show is not searched for there: another key's, or just slipped through."""

FIRST_PAGE = (0, None)

ReadPage = Callable[[str | None], Awaitable[Page[Run]]]


@dataclass
class Allowance:
    """The requests that looks may make: a token bucket of at most `most`, of which `left` are there now."""

    most: int = 0
    left: float = 0.0

    def refill(self, grown: float, most: int) -> None:
        """Add what has grown since, up to a bound."""
        self.most = most
        self.left = min(self.left + grown, most)


class RunHistory:
    """The history of one route, and how well its pages have paid.

    A sweep goes from the newest page down until every run wanted of it was seen, history ends, its items are
    older than all that is wanted, or a page shows none of the last few, which are then retrieved.

    Args:
        interval: seconds from the last page of a sweep to the next sweep.
        learn: takes each item that a page shows, whosever run it is.

    Attributes:
        shows_outputs: whether items of completed runs bring their outputs, as far as is known.
        free_at: when the next sweep may begin.
    """

    def __init__(
        self,
        read_page: ReadPage,
        *,
        monotonic: Callable[[], float],
        interval: float,
        learn: Callable[[Run], None],
    ) -> None:
        self.shows_outputs: bool | None = None
        self._read_page = read_page
        self._monotonic = monotonic
        self._interval = interval
        self._learn = learn
        self.free_at = -math.inf
        self._began_at = -math.inf
        self._depth = 0
        self._cursor: str | None = None
        self._wanted: Sequence[WatchedRun] = ()
        self._pages = 0
        self._found = 0
        self._last_yield = 0.0
        self._rests_until = -math.inf
        self._failures = 0
        self._blank = 0

    def is_resting(self, now: float) -> bool:
        """Whether retrieves are better for the moment: pages cannot be read, or have shown next to nothing."""
        return now < self._rests_until

    async def read(
        self,
        runs: Collection[WatchedRun],
        watched: Mapping[str, WatchedRun],
        allowance: Allowance,
        *,
        now: float,
    ) -> None:
        """Read pages as long as that is cheaper than retrieving the runs, noting every watched run on them.

        On trust, half of the requests allowed are spent on pages that show none of them; then retrieves have their
        turn for some seconds.

        Args:
            runs: those that are to be found; where a sweep is under way, it is finished first.

        Raises:
            APIError: a page could not be read. The next seconds go without pages.
        """
        if self.is_resting(now):
            return
        on_trust = max(allowance.most // 2, 1)
        while (
            allowance.left - min(_off_pages(runs, now), allowance.left // 2) >= 1
            and (self._blank < on_trust or self._pays)
            and self._is_worth_a_page(runs, now)
        ):
            page = await self._next_page(allowance, watched, now)
            found_here = self._note(page, watched, now)
            self._blank = self._blank + 1 if found_here < POOR_YIELD else 0
            self._go_on_after(page, now, stragglers=0 if found_here else allowance.most)
        self._wanted = self._unseen()
        if self._blank >= on_trust:
            self._blank = 0
            self._rests_until = now + POOR_REST_SECONDS

    def _is_worth_a_page(self, runs: Collection[WatchedRun], now: float) -> bool:
        """Whether the sweep under way has anything left to find; where not, begin a new one if it is time."""
        if not self._unseen() and self._began_at < now and self.free_at <= now:
            self._last_yield = self._yield
            # Just after what the sweep before has seen in this very tick: that too is wanted again.
            self._began_at, self._pages, self._found = math.nextafter(now, math.inf), 0, 0
            self._wanted = [run for run in runs if run.off_pages_until <= now]
            self._depth, self._cursor = _start(self._wanted)
        return bool(self._unseen())

    def _unseen(self) -> Sequence[WatchedRun]:
        return [run for run in self._wanted if run.last_asked_at < self._began_at and run.is_waited_for]

    async def _next_page(self, allowance: Allowance, watched: Mapping[str, WatchedRun], now: float) -> Page[Run]:
        allowance.left -= 1
        try:
            page = await self._read_page(self._cursor)
        except Exception as error:
            self._failures += 1
            self._rests_until = now + min(self._failures * FAILURE_REST_SECONDS, LONGEST_REST_SECONDS)
            if not (isinstance(error, APIError) and error.is_retryable):  # the cursor may be what FLORA objects to
                self._forget_places(watched.values())
            raise
        self._failures = 0
        self._pages += 1
        # Counted from the answer: the slower FLORA answers, the less it is asked.
        self.free_at = self._monotonic() + self._interval
        return page

    def _note(self, page: Page[Run], watched: Mapping[str, WatchedRun], now: float) -> int:
        found = 0
        for item in page.items:
            self._learn(item)
            if item.status is RunStatus.COMPLETED:
                self.shows_outputs = has_details(item)
            run = watched.get(item.run_id)
            if run is None or run.last_asked_at >= self._began_at or run.lacks_details:
                continue
            found += 1
            run.page, run.off_pages_until = (self._depth, self._cursor), -math.inf
            run.update(item, max(now, self._began_at), in_full=False)
        self._found += found
        return found

    def _go_on_after(self, page: Page[Run], now: float, *, stragglers: int) -> None:
        """Go on to the next page, or end the sweep; also where no more than so many runs are left to find."""
        unseen = self._unseen()
        is_last = page.next_cursor is None or page.next_cursor == self._cursor
        self._cursor = page.next_cursor
        self._depth += 1
        if is_last or len(unseen) <= stragglers or _is_older(page, unseen):
            for run in unseen:
                run.off_pages_until = now + OFF_PAGES_SECONDS
            self._forget_places(unseen)
        elif (further := _start(unseen))[0] > self._depth:  # what lies between has nothing to tell
            self._depth, self._cursor = further

    def _forget_places(self, runs: Iterable[WatchedRun]) -> None:
        for run in runs:
            run.page = None
        self._wanted = ()

    @property
    def _yield(self) -> float:
        return self._found / self._pages if self._pages else 0.0

    @property
    def _pays(self) -> bool:
        return max(self._yield, self._last_yield) >= PAYING_YIELD


def _off_pages(runs: Collection[WatchedRun], now: float) -> int:
    """Return how many runs only a retrieve will show."""
    return sum(run.off_pages_until > now and run.last_asked_at < now for run in runs)


def _start(runs: Sequence[WatchedRun]) -> tuple[int, str | None]:
    """Return the page to begin at: that of the newest run, which has only moved down since it was seen there."""
    seen = [(run.last.created_at, run) for run in runs if run.last and run.last.created_at]
    newest = max((created_at for created_at, _ in seen), default=None)
    at_the_top = [run for created_at, run in seen if created_at == newest]
    unseen = [run for run in runs if run.last is None or run.last.created_at is None]
    if any(not run.is_age_known or any(run.began_at >= other.began_at for other in at_the_top) for run in unseen):
        return FIRST_PAGE
    return min((run.page for run in at_the_top if run.page), key=itemgetter(0), default=FIRST_PAGE)


def _is_older(page: Page[Run], runs: Sequence[WatchedRun]) -> bool:
    """Whether the runs would have come before this page's end, as far as their ages are known."""
    end_at = page.items[-1].created_at if page.items else None
    creation_times = [run.last.created_at if run.last else None for run in runs]
    return end_at is not None and all(
        created_at is not None and end_at < created_at for created_at in creation_times
    )
