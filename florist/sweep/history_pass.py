"""Checkpointed pagination: a history of runs, newest first, of which none is missed however it grows meanwhile.

::

    newest ──────────────────────────────────────────────────────────► oldest
    first pass            │ page ─► page ─► page … ─► end             │
    a later one           │ page ─► page … ─► │ covered before         │
    one after a crash     │ page ─► │ dealt with │ page … ─► │ covered │

Runs that start meanwhile push the others down: pages then repeat items, and leave none out. That history shows a
run late, or two clocks differ, is met by going a day further than was covered.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from florist.api.errors import APIResponseValidationError, APIStatusError
from florist.api.models import Run
from florist.api.paging import Page
from florist.sweep.checkpoints import Checkpoint, Checkpoints, OpenPass

OVERLAP = timedelta(days=1)

PAGES_BETWEEN_CHECKPOINTS = 10
"""A page costs one request: reading ten of them again costs less than writing down each."""


@dataclass(frozen=True, slots=True)
class History:
    """A list of runs that FLORA shows in pages, newest first; and how one of them is read in full."""

    name: str
    page: Callable[[str | None], Awaitable[Page[Run]]]
    retrieve: Callable[[Run], Awaitable[Run]]


class HistoryPass:
    """One pass through a history, from where checkpoints say that the one before has come to."""

    def __init__(self, history: History, checkpoints: Checkpoints, begin: Checkpoint) -> None:
        self._history = history
        self._checkpoints = checkpoints
        self._covered_to = begin.covered_to
        self._open = begin.open
        self._newest_at = begin.open.newest_at if begin.open else None
        self._oldest_at: datetime | None = None
        self._unfinished_at = begin.open.unfinished_at if begin.open else None
        self._is_at_end = False
        self._has_failures = False
        self._has_undated = False

    async def pages(self) -> AsyncGenerator[Page[Run], None]:
        """Yield pages. A page counts as dealt with once the next one is asked for."""
        opened = self._open
        if opened is not None:
            async for _, page in self._stretch(None, opened.newest_at):
                yield page
            if self._is_at_end:
                await self._save_end()
                return
            if not await self._joins(opened):
                opened = None
        read = 0
        async for cursor, page in self._stretch(opened.cursor if opened else None, self._covered_to):
            yield page
            read += 1
            if read % PAGES_BETWEEN_CHECKPOINTS == 0:
                await self._save_position(cursor)
        await self._save_end()

    def unfinished(self, run: Run) -> None:
        """Take note that a run has to be looked at by a later pass; it has not ended yet."""
        if run.created_at is None:
            self._has_undated = True
        else:
            self._unfinished_at = min(self._unfinished_at or run.created_at, run.created_at)

    def failed(self, run: Run) -> None:
        """Take note that a run could not be dealt with.

        No position below it is written down in this pass: what goes on after a crash has to come by it again.
        """
        self.unfinished(run)
        self._has_failures = True

    async def _stretch(
        self, cursor: str | None, until: datetime | None
    ) -> AsyncIterator[tuple[str | None, Page[Run]]]:
        """Yield pages with their cursors down to a moment, and a day further."""
        turned: set[str] = set()
        while True:
            page = await self._history.page(cursor)
            if page.unreadable:  # whatever they are, this pass has not dealt with them
                self._has_undated = self._has_failures = True
                page.warn_of_unreadable(self._history.name)
            created = [run.created_at for run in page.items if run.created_at is not None]
            self._newest_at = max([*created, *([self._newest_at] if self._newest_at else [])], default=None)
            self._oldest_at = min(created, default=self._oldest_at)
            yield cursor, page
            cursor = page.next_cursor
            self._is_at_end = cursor is None
            if cursor is None or (until is not None and created and min(created) < until - OVERLAP):
                return
            if cursor in turned:
                raise APIResponseValidationError("FLORA's cursors go in a circle: the history has no end")
            turned.add(cursor)

    async def _joins(self, opened: OpenPass) -> bool:
        """Whether the page that an interrupted pass came to is still there, and joins on to what it has seen."""
        try:
            page = await self._history.page(opened.cursor)
        except APIStatusError:  # nobody says for how long a cursor is good
            return False
        created = [run.created_at for run in page.items if run.created_at is not None]
        return bool(created) and max(created) >= opened.oldest_at

    async def _save_position(self, cursor: str | None) -> None:
        if cursor is None or self._has_failures or self._newest_at is None or self._oldest_at is None:
            return
        position = OpenPass(
            newest_at=self._newest_at,
            oldest_at=self._oldest_at,
            cursor=cursor,
            unfinished_at=self._unfinished_at,
        )
        await self._checkpoints.put(Checkpoint(covered_to=self._covered_to, open=position))

    async def _save_end(self) -> None:
        covered_to = self._covered_to
        if self._newest_at is not None and not self._has_undated:
            covered_to = min(self._newest_at, self._unfinished_at or self._newest_at)
        await self._checkpoints.put(Checkpoint(covered_to=covered_to))
