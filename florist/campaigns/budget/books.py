"""What all that touch a budget have in common: its chain, the ledger's entries, looks at closed blocks."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from florist.campaigns.budget import rules
from florist.campaigns.budget.chain import Chain, Link
from florist.campaigns.budget.counting import Counted, fate, in_block
from florist.campaigns.budget.errors import BudgetDamagedError
from florist.campaigns.budget.records import Hold, Record
from florist.ledger import Entry, Ledger
from florist.ledger.errors import UnreadableRecordError

Change = Callable[[Record, int], Record | None]
"""Returns the record that is to follow, given its number; None if nothing is to."""


class Books:
    """One campaign's budget, as one process sees it."""

    def __init__(
        self,
        ledger: Ledger,
        scope: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.ledger = ledger
        self.scope = scope
        self.chain = Chain(ledger.store, scope, now=now, sleep=sleep)
        self.now = now
        self.monotonic = monotonic
        self.sleep = sleep
        self._looked: dict[int, tuple[datetime, float]] = {}
        self._looking = asyncio.Lock()

    async def folded(self, link: Link) -> Record:
        """Return a record without the held requests that are definite by now."""
        return rules.folded(link.record, await self._fates(link.record))

    async def changed(self, change: Change) -> Link | None:
        """Append what `change` makes of the newest record, whoever else appends meanwhile.

        Returns:
            The record, or None where nothing is to follow.
        """
        while (link := await self.chain.newest()) is not None:
            following = change(await self.folded(link), link.number + 1)
            if following is None:
                return None
            appended = await self.chain.append(link, following)
            if appended is not None:
                return appended
        return None

    async def is_open(self, block: int) -> bool:
        """Whether a block was not closed, as of a look that is young enough; after the PUT of `sent`, for good."""
        if self._was_open(block):
            return True
        async with self._looking:  # one look for all that wait for one
            if self._was_open(block):
                return True
            began = self.now(), self.monotonic()
            if await self.chain.is_closed(block):
                self._looked.pop(block, None)
                return False
            self._looked[block] = began
            return True

    async def opened(self, link: Link, record: Record) -> Link | None:
        """Append a record that opens a block; None if somebody else was first.

        Nobody can have closed the block before its record was there, which is as good as a look.
        """
        began = self.now(), self.monotonic()
        appended = await self.chain.append(link, record)
        if appended is not None:
            self._looked[appended.number] = began
        return appended

    def _was_open(self, block: int) -> bool:
        looked = self._looked.get(block)
        if looked is None:
            return False
        by_wall = (self.now() - looked[0]).total_seconds()
        return rules.look_stands(by_wall, self.monotonic() - looked[1])

    async def entries(self, techniques: Iterable[str] | None = None) -> list[Entry]:
        """Return the campaign's entries, of all techniques or of some.

        Raises:
            BudgetDamagedError: an entry cannot be read: what it has cost is not known.
        """
        if techniques is None:
            surveys = [await self.ledger.survey()]
        else:
            surveys = [await self.ledger.survey(technique_id) for technique_id in techniques]
        for survey in surveys:
            if survey.unreadable:
                raise BudgetDamagedError(
                    f"{survey.unreadable[0].path} cannot be read: what {self.scope} has cost is not known; "
                    "mend the file, or update Florist. Nothing was sent"
                )
        entries = (entry for survey in surveys for entry in survey.entries)
        return [entry for entry in entries if (entry.work.campaign or entry.work.flow_run_id) == self.scope]

    async def entry(self, key: str, technique_id: str) -> Entry | None:
        """Return the entry of an idempotency key; None where there is none that can be read."""
        try:
            return await self.ledger.entry(key.rpartition("-")[0], technique_id)
        except UnreadableRecordError:
            return None

    async def settle(self, block: int, spent: Callable[[], Awaitable[Iterable[Counted]]]) -> None:
        """Settle a block, unless it is settled: charges are settled, what is in doubt is held, the rest is free.

        Args:
            spent: reads what its requests have cost; called once it is closed.
        """
        await self.chain.close(block)
        known = tuple(await spent())
        await self.changed(lambda record, _: rules.settled(record, block, known) if block in record.open else None)

    async def settle_by_scanning(self, block: int, techniques: Iterable[str]) -> None:
        """Settle a block that somebody else has left, or has shared, out of all entries of its techniques."""

        async def spent() -> Iterable[Counted]:
            await self.wait_for_looks()
            return in_block(await self.entries(techniques), block)

        await self.settle(block, spent)

    async def wait_for_looks(self) -> None:
        """Wait until no look from before a block was closed lets anything leave any more."""
        await self.sleep(rules.LOOK_LASTS + rules.MARGIN)

    async def freeze(self, reason: str) -> None:
        """Have nothing more authorised, and nothing more sent with money that is set aside already."""
        link = await self.changed(lambda record, _: None if record.frozen else rules.with_frozen(record, reason))
        for block in link.record.open if link is not None else ():
            await self.chain.close(block)

    async def _fates(self, record: Record) -> rules.Fates:
        return {
            key: fate(entry, key)
            for key, hold in record.held.items()
            if (entry := await self._entry_of(key, hold)) is not None
        }

    async def _entry_of(self, key: str, hold: Hold) -> Entry | None:
        return await self.entry(key, hold.technique_id)
