"""The budget of a campaign's walk: which rows may be walked now, and what they may cost.

Nothing fits any more? Then what others have left open is walked, or given back, before anybody says so.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, Self

from florist.campaigns.budget import rules
from florist.campaigns.budget.blocks import Block, price_of, slots_of
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.chain import Link
from florist.campaigns.budget.counting import Counted, in_block
from florist.campaigns.budget.errors import UnpricedStepsError
from florist.campaigns.budget.opening import opened_books
from florist.campaigns.budget.pending import PendingRows, Unpaid
from florist.campaigns.budget.permits import BlockAllowance
from florist.campaigns.budget.records import OpenBlock, Record
from florist.campaigns.budget.reports import Standing
from florist.campaigns.budget.row_digests import RowDigests
from florist.campaigns.budget.rules import WantedRow
from florist.campaigns.budget.unpaid import unpaid_cells
from florist.ledger import Ledger
from florist.pipelines.planning import PlannedStep
from florist.pipelines.rows import RowPlans

ROWS_PER_BLOCK = 500
"""As many as are walked at one time."""
IDLE_AFTER = 120.0
"""Seconds for which a block that is planned otherwise stands before our eyes until it is closed."""
POLL = 5.0

Released = Literal["settled", "waited", "nothing"]


class CampaignBudget:
    """What one process may walk of a campaign; see the package for how it is used. Made by `opened`."""

    def __init__(
        self,
        books: Books,
        plans: RowPlans,
        *,
        is_capped: bool,
        unpaid: Unpaid,
        rows_per_block: int,
    ) -> None:
        self._books = books
        self._chain = books.chain
        self._plans = plans
        self._limit = rows_per_block
        self._digests = RowDigests(plans)
        self._pending = PendingRows(plans, unpaid)
        self._blocks: set[int] = set()
        self._handed: dict[str, int] = {}
        self._watched: dict[int, float] = {}
        self._is_begun = False
        self.is_capped = is_capped

    @classmethod
    async def opened(
        cls,
        ledger: Ledger,
        scope: str,
        plans: RowPlans,
        *,
        cap_usd: Decimal | None = None,
        first_cap_usd: Decimal | None = None,
        unpaid: Unpaid | None = None,
        rows_per_block: int = ROWS_PER_BLOCK,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Self:
        """Open the budget of a campaign, or of a flow run; begin one if a cap is given and there is none.

        Args:
            scope: the campaign's name or, lacking one, the flow run's id.
            cap_usd: what the campaign may cost, all that it has cost before included. None: the cap that stands
                in the store, if any.
            first_cap_usd: the same where none stands yet; one that does is left alone.
            unpaid: tells which cells may have to be paid for; by default the ledger's entries do.
            rows_per_block: rows that are authorised together, at most.

        Raises:
            UnpricedStepsError: a step has neither a price nor a ceiling, and there is a cap.
            BudgetDamagedError: the budget's records cannot be relied on.
        """
        books = Books(ledger, scope, now=now, monotonic=monotonic, sleep=sleep)
        if cap_usd is not None or first_cap_usd is not None:
            _check_prices(plans)
        is_capped = await opened_books(books, cap_usd, first_cap_usd)
        if is_capped:
            _check_prices(plans)

        async def by_ledger(rows: RowPlans) -> Mapping[str, Sequence[PlannedStep]]:
            return await unpaid_cells(rows, scope, ledger)

        return cls(books, plans, is_capped=is_capped, unpaid=unpaid or by_ledger, rows_per_block=rows_per_block)

    @property
    def unstarted(self) -> tuple[str, ...]:
        """The rows that are not done, because nothing was left for them."""
        return self._pending.keys if self.is_capped else ()

    async def standing(self) -> Standing | None:
        """Return what people see of the budget; None without one."""
        link = await self._chain.newest()
        return None if link is None else Standing.of(self._books.scope, await self._books.folded(link))

    async def authorise(self) -> Block | None:
        """Return rows that may be walked now; None if nothing fits, and nothing is to be waited for.

        May wait: for money that others have set aside, and left.

        Raises:
            BudgetDamagedError: the budget's records cannot be relied on; nothing was sent.
        """
        if not self.is_capped:
            keys = () if self._is_begun else tuple(self._plans.rows)
            self._is_begun = True
            return Block(None, keys) if keys else None
        while (rows := await self._pending.candidates()) and (link := await self._chain.newest()) is not None:
            record = await self._books.folded(link)
            block = await self._authorised(link, record, rows) or self._unreserved(link, record, rows)
            if block is not None:
                return block
            if await self._pending.refreshed(link.number):
                continue
            released = None if record.frozen else await self._released(record, rows)
            if isinstance(released, Block):
                return released
            if released == "nothing" and record != link.record:
                await self._chain.append(link, record)
            newest = await self._chain.newest()
            if released != "waited" and newest is not None and rules.may_end(link.number, newest.number):
                return None
        return None

    async def settle(self, block: Block) -> None:
        """Give back what a block's rows did not cost; rows that were held back wait for another block.

        Where a row did not end in success this waits 12 seconds, for requests that may be about to leave.

        Raises:
            BudgetDamagedError: what was spent cannot be read. The money stays set aside.
        """
        if block.id is not None:
            await self._settle(block.id, block)
            self._blocks.discard(block.id)
        self._pending.walked(block)

    async def _settle(self, number: int, block: Block) -> None:
        link = await self._chain.newest()
        opened = None if link is None else link.record.open.get(number)
        if opened is None:
            return  # somebody else has settled it

        async def spent() -> Iterable[Counted]:
            if block.is_over(opened):
                return block.spent()
            await self._books.wait_for_looks()
            if not block.is_ours or await self._chain.is_joined(number):
                return in_block(await self._books.entries(opened.techniques), number)
            entries = [await self._books.entry(each.key, each.technique_id) for each in block.spent()]
            unique = {entry.key: entry for entry in entries if entry is not None}
            return in_block(unique.values(), number)

        await self._books.settle(number, spent)

    async def _authorised(self, link: Link, record: Record, rows: Sequence[WantedRow]) -> Block | None:
        while chosen := rules.fitting(record, rows, limit=self._limit):
            chosen = tuple([row._replace(digest=await self._digests.of(row.key)) for row in chosen])
            following = rules.with_block(record, chosen, number=link.number + 1)
            appended = await self._books.opened(link, following)
            if appended is not None:
                return self._opened(appended.number, {row.key: row.slots for row in chosen}, is_ours=True)
            newest = await self._chain.newest()
            if newest is None:
                break
            link, record = newest, await self._books.folded(newest)
        return None

    def _unreserved(self, link: Link, record: Record, rows: Sequence[WantedRow]) -> Block | None:
        """Return the rows for which nothing need be set aside: all is paid for, or a request of theirs is held.

        A held request may be sent again with the money that is held for it.
        """
        held = {hold.row for hold in record.held.values() if not hold.is_given_up}
        keys = [row.key for row in rows if not row.slots or row.key in held]
        fresh = tuple(key for key in keys if self._handed.get(key) != link.number)
        self._handed |= dict.fromkeys(fresh, link.number)
        return self._block(Block(None, fresh)) if fresh else None

    async def _released(self, record: Record, rows: Sequence[WantedRow]) -> Block | Released:
        """Return rows that others have left to be walked; or give money back that they have set aside."""
        others = {number: block for number, block in record.open.items() if number not in self._blocks}
        for number, opened in others.items():
            if await self._chain.is_closed(number):
                await self._books.settle_by_scanning(number, opened.techniques)
                return "settled"
            shared = await self._shared(opened, rows)
            if shared:
                await self._chain.join(number)
                return self._opened(number, shared, is_ours=False)
        for number, opened in others.items():
            if self._is_idle(number):
                await self._books.settle_by_scanning(number, opened.techniques)
                return "settled"
        if not others:
            return "nothing"
        await self._books.sleep(POLL)
        return "waited"

    async def _shared(self, opened: OpenBlock, rows: Sequence[WantedRow]) -> dict[str, Mapping[str, int]]:
        """Return the rows of an open block that are ours to walk, too: planned alike."""
        keys = [row.key for row in rows if row.key in opened.rows]
        return {
            key: opened.rows[key].slots for key in keys if await self._digests.of(key) == opened.rows[key].digest
        }

    def _is_idle(self, number: int) -> bool:
        """Whether a block of other plans has stood long enough. To be closed too early costs its walk a pause."""
        since = self._watched.setdefault(number, self._books.monotonic())
        return self._books.monotonic() - since >= IDLE_AFTER

    def _opened(self, number: int, rows: Mapping[str, Mapping[str, int]], *, is_ours: bool) -> Block:
        self._blocks.add(number)
        return self._block(Block(number, tuple(rows), slots_of(rows), is_ours=is_ours))

    def _block(self, block: Block) -> Block:
        block.allowance = BlockAllowance(self._books, block)
        self._pending.begun(block)
        return block


def _check_prices(plans: RowPlans) -> None:
    steps = {step.name: step for planned in plans.rows.values() for step in planned.steps}
    unpriced = tuple(name for name, step in steps.items() if price_of(step) is None)
    if unpriced:
        raise UnpricedStepsError(
            f"FLORA tells no price of {', '.join(unpriced)}: give each a ceiling, or run without a budget. "
            "Nothing was spent",
            steps=unpriced,
        )
