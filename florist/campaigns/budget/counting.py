"""What each request of a ledger's entry has cost, or may cost: pure functions.

Money is counted by idempotency key, never by cell: a cell may have several, and a key has one block for good, that
of its first `sent`.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from florist.campaigns.budget.money import micro_usd
from florist.ledger import Entry, RunFacts


class Counted(NamedTuple):
    """One idempotency key.

    Attributes:
        block: whose money it is.
        price: the most that one of its requests was expected to cost.
        charge: what it has cost; None as long as that is not certain.
    """

    key: str
    block: int | None
    price: int
    charge: int | None
    technique_id: str
    row: str
    step: str
    is_given_up: bool = False


def counted(entry: Entry) -> tuple[Counted, ...]:
    """Return every idempotency key of an entry that has cost something, or may have."""
    work = entry.work
    place = (work.technique_id, work.row, work.step)
    known = [
        Counted(
            given.idempotency_key,
            given.block,
            _price(entry, given.price_micro),
            None if given.charged_usd is None else micro_usd(given.charged_usd),
            *place,
            is_given_up=True,
        )
        for given in entry.given_up
    ]
    if entry.sends:
        prices = [send.price_micro for send in entry.sends if send.price_micro is not None]
        price = _price(entry, max(prices, default=None))
        charge = None if entry.ended is None else _charge(entry.ended, price)
        known.append(Counted(entry.idempotency_key, entry.sends[0].block, price, charge, *place))
    return tuple(known)


def in_block(entries: Iterable[Entry], block: int | None) -> tuple[Counted, ...]:
    """Return what a block's own requests have cost: those whose first `sent` names it."""
    return tuple(each for entry in entries for each in counted(entry) if each.block == block)


def fate(entry: Entry, key: str) -> Counted | None:
    """Return what has become of an idempotency key of an entry; None where it was refused, and costs nothing."""
    return next((each for each in counted(entry) if each.key == key), None)


def is_over(entry: Entry) -> bool:
    """Whether nothing more will be sent for an entry's cell: its run has ended, and not as failed."""
    return entry.ended is not None and not entry.ended.is_failed


def _price(entry: Entry, price: int | None) -> int:
    return price if price is not None else micro_usd(entry.price_usd or Decimal(0))


def _charge(ended: RunFacts, price: int) -> int:
    """Return what a run has cost. Where FLORA does not say: its price, and nothing if it failed."""
    if ended.charged_usd is not None:
        return micro_usd(ended.charged_usd)
    return 0 if ended.is_failed else price
