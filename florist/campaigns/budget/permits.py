"""A block's leave for the requests of one cell: what the ledger asks right before a request leaves.

::

    a first request     the block's allowance for the cell, less what its own requests have cost, covers the price
    a repeated one      it keeps its block. Not closed: send. Closed: send if as much is held, else hold it first
    after `sent`        a look whether the block was closed, unless one of the last ten seconds says
"""

from florist.campaigns.budget import rules
from florist.campaigns.budget.blocks import Block, price_of
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.counting import Counted, counted, fate, is_over
from florist.ledger import Entry
from florist.ledger.errors import BudgetRefusedError
from florist.ledger.permits import Terms
from florist.pipelines.planning import PlannedStep


class BlockAllowance:
    """What a block lets each cell cost."""

    def __init__(self, books: Books, block: Block) -> None:
        self._books = books
        self._block = block

    def permit(self, row: str, step: PlannedStep) -> "CellPermit":
        """Return the leave for a cell's requests."""
        return CellPermit(self._books, self._block, row, step.name, price_of(step) or 0)


class CellPermit:
    """The budget's leave for one cell of a row, within one block."""

    def __init__(self, books: Books, block: Block, row: str, cell: str, price: int) -> None:
        self._books = books
        self._block = block
        self._row = row
        self._cell = cell
        self._price = price
        self._is_held = False

    async def terms(self, entry: Entry) -> Terms:
        """Return block and price of the next request; see `florist.ledger.permits.Permit`."""
        self._is_held = False
        if entry.is_unresolved:
            return await self._terms_of_repeat(entry, counted(entry)[-1])
        block = self._block
        slot = block.slots.get((self._row, self._cell))
        if block.id is None or slot is None or block.is_stopped:
            block.asked.add((self._row, self._cell))
            raise self._refused(entry, "nothing is set aside for it")
        known = [await self._known(each, entry) for each in slot.keys.values()]
        spent = rules.spent_of([each for each in known if each is not None], block.id)
        if not rules.covers(slot.allowance, spent, self._price):
            block.asked.add((self._row, self._cell))
            raise self._refused(entry, "what was set aside for it is spent, or less than its price")
        if not await self._books.is_open(block.id):
            block.asked.add((self._row, self._cell))
            raise self._refused(entry, "what was set aside for it was taken back")
        place = (entry.work.technique_id, self._row, self._cell)
        slot.keys[entry.idempotency_key] = Counted(entry.idempotency_key, block.id, self._price, None, *place)
        return Terms(block.id, self._price)

    async def stands(self, terms: Terms) -> bool:
        """Whether nobody has taken the money back by now."""
        if self._is_held or terms.block is None or await self._books.is_open(terms.block):
            return True
        self._block.refused.add(self._row)
        return False

    async def noted(self, entry: Entry) -> None:
        """Take note of what the cell's requests have cost; freeze the budget if that is more than their price."""
        own = [each for each in counted(entry) if each.block == self._block.id]
        slot = self._block.slots.get((self._row, self._cell))
        if slot is not None and self._block.id is not None:
            slot.keys.update({each.key: each for each in own})
            slot.is_over = slot.is_over or is_over(entry)
        for each in own:
            if each.charge is not None and each.charge > each.price:
                self._block.is_stopped = True
                await self._books.freeze(f"FLORA charged more than the price it had told for {self._label}")

    @property
    def _label(self) -> str:
        return f"{self._row}/{self._cell}" if self._row else self._cell

    async def _terms_of_repeat(self, entry: Entry, each: Counted) -> Terms:
        terms = Terms(each.block, self._price)
        if each.block is not None and await self._books.is_open(each.block):
            if rules.repeat_of(None, each, self._price) == "send":
                return terms
            raise self._refused(entry, "its price has risen since it was sent first")
        while (link := await self._books.chain.newest()) is not None:
            match rules.repeat_of(link.record, each, self._price):
                case "send":
                    self._is_held = True
                    return terms
                case "wait":
                    raise self._refused(entry, "the block that it belongs to is being settled")
            # After the record: a request that has become definite meanwhile may be folded into that very record.
            newer = await self._books.entry(each.key, entry.work.technique_id)
            if newer is None:
                raise self._refused(entry, "its entry cannot be read")
            if newer.number != entry.number:
                return terms  # somebody has gone on with it: our `sent` will not be the next record
            following = rules.with_hold(link.record, each, self._price)
            if following is None:
                self._block.unheld.add(self._row)
                raise self._refused(entry, "sending it again may cost more than is left")
            if await self._books.chain.append(link, following) is not None:
                self._is_held = True
                return terms
        raise self._refused(entry, "its budget is gone")

    async def _known(self, each: Counted, entry: Entry) -> Counted | None:
        """Return a request of the cell as it stands by now; None where it was refused."""
        if each.charge is not None:
            return each
        is_same = each.key.rpartition("-")[0] == entry.key
        newest = entry if is_same else await self._books.entry(each.key, each.technique_id)
        return each if newest is None else fate(newest, each.key)

    def _refused(self, entry: Entry, why: str) -> BudgetRefusedError:
        self._block.refused.add(self._row)
        return BudgetRefusedError(
            f"{self._label} was not sent: {why}. `florist budget {self._books.scope}` shows the budget",
            key=entry.key,
        )
