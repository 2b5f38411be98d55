"""Reads run history for many waiting runs at once, over several ticks where it is long.

Pages shift while they are read: a run that starts pushes every other one down, some onto the next page.
Repeats are harmless; a run that slipped through is searched for again, or retrieved by itself.

Source: GET /technique-runs, GET /generations; the contract, "A run".
"""

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from florist.api.errors import APIError
from florist.api.models import Run
from florist.api.paging import Page
from florist.api.watched_run import WatchedRun

PAYING_YIELD = 2.0
"""Runs found on a page: from here on it is worth more than the retrieves it saves, which bring outputs too."""

POOR_YIELD = 1.0
"""Runs found on a page: below, retrieves are cheaper, and history is left alone for some ticks."""

POOR_REST_TICKS = 2
LONGEST_REST_TICKS = 8
OFF_PAGES_SECONDS = 30.0
"""How long a run that history did not show is not searched for there: another key's, or just slipped through."""

FIRST_PAGE = (0, None)

ReadPage = Callable[[str | None], Awaitable[Page[Run]]]


@dataclass
class Allowance:
    """The requests one tick may make."""

    total: int
    left: int

    @classmethod
    def of(cls, total: int) -> "Allowance":
        """Return an allowance of which nothing is used yet."""
        return cls(total, total)


class RunHistory:
    """The history of one route, and how well its pages have paid.

    A sweep goes from the newest page down until every run wanted of it was seen, history ends, its items are
    older than all that is wanted, or a page shows none of the last few, which are then retrieved.
    """

    def __init__(self, read_page: ReadPage) -> None:
        self._read_page = read_page
        self._began_at = -math.inf
        self._depth = 0
        self._cursor: str | None = None
        self._wanted: Sequence[WatchedRun] = ()
        self._pages = 0
        self._found = 0
        self._last_yield = 0.0
        self._rest_ticks = 0
        self._failures = 0

    async def read(
        self,
        runs: Collection[WatchedRun],
        watched: Mapping[str, WatchedRun],
        allowance: Allowance,
        *,
        now: float,
    ) -> None:
        """Read pages as long as that is cheaper than retrieving the runs, noting every watched run on them.

        Half of the tick's requests are spent on pages on trust, the rest only if pages pay.

        Raises:
            APIError: a page could not be read. The next ticks go without pages.
        """
        if self._rest_ticks > 0:
            self._rest_ticks -= 1
            return
        on_trust = allowance.total // 2
        pages = found = 0
        while (
            allowance.left > min(_off_pages(runs, now), on_trust)
            and (pages < on_trust or self._pays)
            and self._is_worth_a_page(runs, now)
        ):
            page = await self._next_page(allowance)
            pages += 1
            found_here = self._note(page, watched, now)
            found += found_here
            self._go_on_after(page, now, stragglers=0 if found_here else allowance.total)
        self._wanted = self._unseen()
        if found < pages * POOR_YIELD:
            self._rest_ticks = POOR_REST_TICKS

    def _is_worth_a_page(self, runs: Collection[WatchedRun], now: float) -> bool:
        """Whether the sweep under way has anything left to find; where not, begin a new one, once a tick."""
        if not self._unseen() and self._began_at < now:
            self._last_yield = self._yield
            # Just after what the sweep before has seen in this very tick: that too is wanted again.
            self._began_at, self._pages, self._found = math.nextafter(now, math.inf), 0, 0
            self._wanted = [run for run in runs if run.off_pages_until <= now]
            self._depth, self._cursor = _start(self._wanted)
        return bool(self._unseen())

    def _unseen(self) -> Sequence[WatchedRun]:
        return [run for run in self._wanted if run.last_asked_at < self._began_at and run.is_waited_for]

    async def _next_page(self, allowance: Allowance) -> Page[Run]:
        allowance.left -= 1
        try:
            page = await self._read_page(self._cursor)
        except Exception as error:
            self._failures += 1
            self._rest_ticks = min(self._failures, LONGEST_REST_TICKS)
            if not (isinstance(error, APIError) and error.is_retryable):  # the cursor may be what FLORA objects to
                self._forget_places(self._wanted)
            raise
        self._failures = 0
        self._pages += 1
        return page

    def _note(self, page: Page[Run], watched: Mapping[str, WatchedRun], now: float) -> int:
        found = 0
        for item in page.items:
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

    def _forget_places(self, runs: Sequence[WatchedRun]) -> None:
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
    creation_times = [run.last.created_at if run.last else None for run in runs]
    known = [created_at for created_at in creation_times if created_at is not None]
    if not known or len(known) < len(creation_times):
        return FIRST_PAGE
    newest = max(known)
    pages = [
        run.page for run, created_at in zip(runs, creation_times, strict=True) if run.page and created_at == newest
    ]
    return min(pages, key=itemgetter(0), default=FIRST_PAGE)


def _is_older(page: Page[Run], runs: Sequence[WatchedRun]) -> bool:
    """Whether the runs would have come before this page's end, as far as their ages are known."""
    end_at = page.items[-1].created_at if page.items else None
    creation_times = [run.last.created_at if run.last else None for run in runs]
    return end_at is not None and all(
        created_at is not None and end_at < created_at for created_at in creation_times
    )
