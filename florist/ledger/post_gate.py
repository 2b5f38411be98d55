"""Admission control for the POSTs of one technique in one process: how many at once, and who waits for whom.

Where FLORA is known to replay, several may be open at once: each lost one is told apart by repeating it. Where it
is not, one goes at a time, and an in-doubt request (answer lost, run unknown) holds the others up for a moment, so
that history can tell their runs apart. Holding up decides how many requests a person must review, never what is
paid.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from florist.ledger.entries import Entry
from florist.ledger.journal import REQUESTS_AT_MOST, OpenRequest
from florist.per_loop import of_this_loop


@dataclass(eq=False)
class Page:
    """A page of the journal that this process wrote, with so many requests, and which of them are unresolved."""

    path: str
    requests: int
    open: set[str]


@dataclass(eq=False)
class Ticket:
    """The right to make one POST: the journal names it.

    Attributes:
        began, began_at: when its lease began, by our monotonic and our wall clock.
    """

    request: OpenRequest
    page: Page
    began: float
    began_at: datetime


@dataclass(frozen=True, slots=True)
class HoldUp:
    """An in-doubt request that others wait for.

    Attributes:
        until: by our monotonic clock.
    """

    entry: Entry
    until: float


SECONDS_OF_A_PAGE = 12.0
"""Less than half a lease: what a page names leaves well before its lease is over."""
LINGER = 0.5
"""Seconds for which a page waits for more requests, where two at least are likely to come in that time."""
ENOUGH = 8
"""Requests for which no page waits any longer: its share is an eighth of a call then."""
SILENT_GAPS = 4
"""Once as long as so many of the gaps between requests has gone by without one, no more are waited for."""
SHORTEST_SILENCE = 0.02
"""Seconds; below, it may be the machine that was busy."""

WritePage = Callable[[Sequence[OpenRequest]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Announcer:
    """How a process writes a page of the journal, and its clocks."""

    write: WritePage
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


@dataclass(eq=False, slots=True)
class _Wanted:
    request: OpenRequest
    announcer: Announcer
    is_urgent: bool
    announced: "asyncio.Future[Ticket]"


@dataclass(eq=False)
class PostGate:
    """The gate of one technique of one workspace.

    Attributes:
        limit: POSTs that may be under way at once.
        hold_ups: in-doubt requests by the key of their entry.
        has_looked_around: the requests of other processes, open when this one came, are among `hold_ups`.
        post_seconds: how long a POST takes, lately.
        gap_seconds: how long it takes from one wanted request to the next, lately.
        shown: runs of the technique that history has shown, and when it was last read, by our monotonic clock.
    """

    limit: int = 1
    hold_ups: dict[str, HoldUp] = field(default_factory=dict)
    has_looked_around: bool = False
    post_seconds: float = 1.0
    gap_seconds: float = LINGER
    shown: tuple[str, ...] = ()
    shown_at: float = float("-inf")
    around: asyncio.Lock = field(default_factory=asyncio.Lock)
    _under_way: int = 0
    _places: deque["asyncio.Future[None]"] = field(default_factory=deque)
    _unused: set[Ticket] = field(default_factory=set)
    _wanted: deque[_Wanted] = field(default_factory=deque)
    _wanted_at: float = float("-inf")
    _writing: "asyncio.Task[None] | None" = None
    _came: "asyncio.Future[None] | None" = None

    async def ticket(self, request: OpenRequest, announcer: Announcer, *, is_urgent: bool = False) -> Ticket:
        """Announce a request in the journal, together with others that wait, and return once that is written.

        Tickets are handed out only as they are about to be used, or their leases would run out in the queue.

        Args:
            is_urgent: goes before all others, who may be waiting for this one.

        Raises:
            StoreError: the page could not be written; nothing may be sent.
        """
        wanted = _Wanted(request, announcer, is_urgent, asyncio.get_running_loop().create_future())
        (self._wanted.appendleft if is_urgent else self._wanted.append)(wanted)
        self._learn_pace(announcer.monotonic())
        self._write_if_due()
        try:
            return await wanted.announced
        except asyncio.CancelledError:
            if wanted.announced.done() and not wanted.announced.cancelled() and not wanted.announced.exception():
                self.spent(wanted.announced.result())
            raise

    def spent(self, ticket: Ticket) -> None:
        """Take note that a ticket's bytes are about to leave, or never will."""
        self._unused.discard(ticket)
        self._write_if_due()

    def resolved(self, ticket: Ticket) -> Page | None:
        """Take note that a request is resolved; return its page if nothing there is open any more."""
        self.spent(ticket)
        ticket.page.open.discard(ticket.request.key)
        return None if ticket.page.open else ticket.page

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Callable[[], None]]:
        """Hold one of the places for POSTs under way, in the order of coming; yields what leaves it early."""
        if self._under_way < self.limit and not self._places:
            self._under_way += 1
        else:
            await self._wait_for_place()
        is_held = True

        def leave() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._under_way -= 1
                self._hand_on()

        try:
            yield leave
        finally:
            leave()

    def set_limit(self, limit: int) -> None:
        """Let so many go side by side from now on; those under way are not disturbed."""
        self.limit = limit
        self._hand_on()
        self._write_if_due()

    async def _wait_for_place(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._places.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # handed over in the same moment
                self._under_way -= 1
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        while self._places and self._under_way < self.limit:
            turn = self._places.popleft()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)

    def _write_if_due(self) -> None:
        is_writing = self._writing is not None and not self._writing.done()
        if not is_writing and self._is_due():
            self._writing = asyncio.create_task(self._write(), name="journal")

    def _is_due(self) -> bool:
        return bool(self._wanted) and (self._wanted[0].is_urgent or len(self._unused) <= self.limit)

    def _learn_pace(self, now: float) -> None:
        gap = now - self._wanted_at
        if gap <= LINGER:  # a pause says nothing of the pace before and after it
            self.gap_seconds += (gap - self.gap_seconds) / 4
        self._wanted_at = now
        if self._came is not None and not self._came.done():
            self._came.set_result(None)

    async def _linger(self) -> None:
        """Group commit: let requests that are about to come, by the pace of late, be on the same page.

        A page costs the store the same however many requests it names. It is not waited for longer than the
        requests keep coming.
        """
        announcer, enough = self._wanted[0].announcer, min(ENOUGH, self._page_size())
        until = announcer.monotonic() + LINGER
        if 2 * self.gap_seconds >= LINGER:
            return
        while not self._wanted[0].is_urgent and len(self._wanted) < enough:
            silence = max(SILENT_GAPS * self.gap_seconds, SHORTEST_SILENCE)
            if not await self._another_comes(min(silence, until - announcer.monotonic()), announcer):
                return

    async def _another_comes(self, within: float, announcer: Announcer) -> bool:
        if within <= 0:
            return False
        self._came = asyncio.get_running_loop().create_future()
        nap = asyncio.ensure_future(announcer.sleep(within))
        try:
            await asyncio.wait({self._came, nap}, return_when=asyncio.FIRST_COMPLETED)
            return self._came.done()
        finally:
            nap.cancel()

    async def _write(self) -> None:
        while self._is_due():
            await self._linger()
            batch = [self._wanted.popleft() for _ in range(min(len(self._wanted), self._page_size()))]
            batch = [wanted for wanted in batch if not wanted.announced.done()]
            if batch:
                await self._write_page(batch)

    def _page_size(self) -> int:
        """Return how many requests one page may name: those that can leave within the first half of a lease."""
        return max(1, min(REQUESTS_AT_MOST, int(self.limit * SECONDS_OF_A_PAGE / max(self.post_seconds, 0.01))))

    def took(self, seconds: float) -> None:
        """Learn how long a POST has taken."""
        self.post_seconds += (seconds - self.post_seconds) / 4

    async def _write_page(self, batch: Sequence[_Wanted]) -> None:
        announcer = batch[0].announcer
        began, began_at = announcer.monotonic(), announcer.now()
        try:
            path = await announcer.write([wanted.request for wanted in batch])
        except asyncio.CancelledError:
            for wanted in batch:
                wanted.announced.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - those who wait for it raise it
            for wanted in batch:
                if not wanted.announced.done():
                    wanted.announced.set_exception(error)
            return
        # A call that was cancelled meanwhile sends nothing.
        batch = [wanted for wanted in batch if not wanted.announced.done()]
        page = Page(path, len(batch), {wanted.request.key for wanted in batch})
        for wanted in batch:
            ticket = Ticket(wanted.request, page, began, began_at)
            self._unused.add(ticket)
            wanted.announced.set_result(ticket)


def post_gate(location: str, workspace: str, technique_id: str) -> PostGate:
    """Return the one gate of a technique in this event loop, whatever spender asks."""
    return of_this_loop(("post gate", location, workspace, technique_id), PostGate)
