"""A budget's records as they are kept: a hash chain of numbered objects, by optimistic concurrency.

::

    budgets/<campaign>/records/0000.json …      each names the SHA-256 of the one before it
    budgets/<campaign>/closed/<block>           nothing is sent any more with money of this block
    budgets/<campaign>/joined/<block>           others than the one who authorised it may have walked it

A record is created only if there is none of its number: whoever creates it decides, and the loser reads again.
Nothing is overwritten or deleted.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar
from uuid import uuid4

from pydantic import ValidationError

from florist.archive.keys import segment
from florist.campaigns.budget.errors import BudgetDamagedError
from florist.campaigns.budget.records import Record
from florist.stores.errors import StoreUnavailableError
from florist.stores.store import Store

T = TypeVar("T")

PATIENCE = 300.0
"""Seconds for which a store out of reach is tried again, as the ledger does."""
_LONGEST_PAUSE = 15.0


@dataclass(frozen=True, slots=True)
class Link:
    """A record where it stands in the chain."""

    number: int
    record: Record
    sha256: str


class Chain:
    """The records of one campaign's budget in a store."""

    def __init__(
        self,
        store: Store,
        scope: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        digest = hashlib.sha256(scope.encode(errors="surrogatepass")).hexdigest()[:12]
        self.folder = f"budgets/{segment(scope, otherwise='campaign')}-{digest}/"
        self.scope = scope
        self._store = store
        self._now = now
        self._sleep = sleep
        self._newest: Link | None = None

    async def newest(self) -> Link | None:
        """Return the newest record; None if there is none. Costs a listing and two reads, later on one read.

        Raises:
            BudgetDamagedError: a record is missing, unreadable, or not the one that its follower names.
        """
        if self._newest is None:
            self._newest = await self._found()
        link = self._newest
        while link is not None and (data := await self._read(link.number + 1)) is not None:
            link = self._following(link, data)
        self._newest = link
        return link

    async def append(self, before: Link | None, record: Record) -> Link | None:
        """Write the record that comes after `before`; None if somebody else wrote one of that number first."""
        number = 0 if before is None else before.number + 1
        whole = record.model_copy(
            update={
                "prev_sha256": "" if before is None else before.sha256,
                "writer": uuid4().hex,
                "recorded_at": self._now(),
            }
        )
        data = whole.model_dump_json().encode()
        if not await self._outlived(lambda: self._store.create(self._path(number), data)):
            return None
        self._newest = Link(number, whole, _digest(data))
        return self._newest

    async def close(self, block: int) -> None:
        """Have nothing sent any more with money of a block, by whom ever. Safe to repeat."""
        await self._outlived(lambda: self._store.create(f"{self.folder}closed/{block}", b"{}"))

    async def is_closed(self, block: int) -> bool:
        """Whether a block is closed."""
        return await self._outlived(lambda: self._store.read(f"{self.folder}closed/{block}")) is not None

    async def join(self, block: int) -> None:
        """Say, before anything is sent, that somebody else walks a block too. Safe to repeat."""
        await self._outlived(lambda: self._store.create(f"{self.folder}joined/{block}", b"{}"))

    async def is_joined(self, block: int) -> bool:
        """Whether somebody else may have walked a block too."""
        return await self._outlived(lambda: self._store.read(f"{self.folder}joined/{block}")) is not None

    async def numbers(self) -> list[int]:
        """Return the numbers of all records there are, whatever state they are in."""

        async def listed() -> list[int]:
            names = [item.key.rpartition("/")[2] async for item in self._store.list(f"{self.folder}records/")]
            return sorted(int(name.partition(".")[0]) for name in names if name.partition(".")[0].isdecimal())

        return await self._outlived(listed)

    async def records(self) -> list[Link]:
        """Return the chain from its last rebuild on, each link held against the one before it."""
        newest = await self.newest()
        if newest is None:
            return []
        first = newest.record.since
        links = [self._parsed(first, await self._read(first))]
        for number in range(first + 1, newest.number + 1):
            links.append(self._following(links[-1], await self._read(number)))
        return links

    async def restart(self, record: Record, *, number: int) -> Link | None:
        """Write a record of this number that begins the chain anew, whatever stands before it."""
        return await self.append(Link(number - 1, record, ""), record)

    async def last_cap(self) -> int | None:
        """Return the cap of the newest record that can be read, whatever stands around it."""
        for number in reversed(await self.numbers()):
            try:
                return self._parsed(number, await self._read(number)).record.wanted
            except BudgetDamagedError:
                continue
        return None

    async def _found(self) -> Link | None:
        numbers = await self.numbers()
        if not numbers:
            return None
        link = self._parsed(numbers[-1], await self._read(numbers[-1]))
        since = link.record.since
        if [number for number in numbers if number >= since] != list(range(since, link.number + 1)):
            raise self._damaged("a record is missing")
        if link.number > since:
            before = await self._read(link.number - 1)
            if before is None or _digest(before) != link.record.prev_sha256:
                raise self._damaged(f"record {link.number - 1} is not the one that record {link.number} names")
        return link

    def _following(self, link: Link, data: bytes | None) -> Link:
        following = self._parsed(link.number + 1, data)
        is_anew = following.record.since == following.number
        if not is_anew and following.record.prev_sha256 != link.sha256:
            raise self._damaged(f"record {link.number} is not the one that record {following.number} names")
        return following

    def _parsed(self, number: int, data: bytes | None) -> Link:
        try:
            record = Record.model_validate_json(data or b"")
        except (ValidationError, ValueError, RecursionError) as error:
            raise self._damaged(f"record {number} cannot be read") from error
        return Link(number, record, _digest(data or b""))

    def _damaged(self, what: str) -> BudgetDamagedError:
        return BudgetDamagedError(
            f"the budget of {self.scope} in {self._store.location} cannot be relied on: {what}. Nothing was sent; "
            f"`florist budget rebuild` makes it anew out of the ledger"
        )

    async def _read(self, number: int) -> bytes | None:
        return await self._outlived(lambda: self._store.read(self._path(number)))

    def _path(self, number: int) -> str:
        return f"{self.folder}records/{number:04d}.json"

    async def _outlived(self, call: Callable[[], Awaitable[T]]) -> T:
        """Await a call of the store, again while it is out of reach: the very same write made twice is one."""
        waited = 0.0
        for attempt in count():
            try:
                return await call()
            except StoreUnavailableError:
                if waited >= PATIENCE:
                    raise
            pause = min(_LONGEST_PAUSE, 0.5 * 2**attempt)
            waited += pause
            await self._sleep(pause)
        raise AssertionError("count() does not end")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
