"""Begins a budget, sets its cap, and makes its records anew out of the ledger."""

from decimal import Decimal

from florist.campaigns.budget import rules
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.chain import Link
from florist.campaigns.budget.counting import Counted, counted
from florist.campaigns.budget.errors import BudgetDamagedError, BudgetError
from florist.campaigns.budget.money import micro_usd


async def opened_books(books: Books, cap_usd: Decimal | None) -> bool:
    """Have the cap stand in the store; return whether there is one.

    Raises:
        BudgetDamagedError: there are no records, but entries that name blocks.
    """
    wanted = None if cap_usd is None else micro_usd(cap_usd)
    while True:
        link = await books.chain.newest()
        if link is None:
            spent = await _spent_before(books)
            if any(each.block is not None for each in spent):
                raise BudgetDamagedError(
                    f"the budget of {books.scope} is gone, though requests were made with its money. Nothing was "
                    "sent; `florist budget rebuild` makes it anew out of the ledger"
                )
            if wanted is None:
                return False
            if await books.chain.append(None, rules.first_record(wanted, spent)) is not None:
                return True
        else:
            if wanted is not None and wanted != link.record.wanted:
                await set_cap(books, wanted)
            return True


async def set_cap(books: Books, wanted: int) -> Link:
    """Set the cap. A lower one takes back nothing: what is set aside is spent; nothing new is authorised.

    Raises:
        BudgetError: the campaign has no budget.
    """
    link = await books.changed(lambda record, _: rules.with_cap(record, wanted))
    if link is None:
        raise without_budget(books)
    return link


async def lift(books: Books) -> Link:
    """Have a frozen budget authorise again.

    Raises:
        BudgetError: it is not frozen, or there is none.
    """
    link = await books.changed(lambda record, _: rules.with_frozen(record, "") if record.frozen else None)
    if link is None:
        raise BudgetError(f"the budget of {books.scope} is not frozen; nothing was changed")
    return link


async def rebuild(books: Books, wanted: int | None) -> Link:
    """Make the budget's records anew out of the ledger, whatever state they are in.

    First every block is closed, and the time waited out in which something may still leave.

    Args:
        wanted: the cap; None: the one of the newest record that can be read.

    Raises:
        BudgetError: no record can be read, and no cap was given.
    """
    cap = wanted if wanted is not None else await books.chain.last_cap()
    if cap is None:
        raise BudgetError(f"no record of the budget of {books.scope} can be read: give its cap with --cap")
    named = [each.block for each in await _spent_before(books) if each.block is not None]
    number = max([*await books.chain.numbers(), *named], default=-1) + 1
    for block in range(number):
        await books.chain.close(block)
    await books.wait_for_looks()
    record = rules.first_record(cap, await _spent_before(books), since=number)
    link = await books.chain.restart(record, number=number)
    if link is None:
        raise BudgetError(f"somebody has just gone on with the budget of {books.scope}; look at it again")
    return link


def without_budget(books: Books) -> BudgetError:
    """Return the error of a campaign without a budget."""
    return BudgetError(f"{books.scope} has no budget in {books.ledger.store.location}; run it with --budget")


async def _spent_before(books: Books) -> list[Counted]:
    """Return every request of the campaign that has cost something, or may have."""
    if not await books.ledger.has_begun(books.scope):
        return []
    return [each for entry in await books.entries() for each in counted(entry)]
