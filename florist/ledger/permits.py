"""What the ledger asks of a budget before a request leaves; without a budget nothing is asked.

A budget may hold a request back. Whether one was sent, and what became of it, is known by the entry alone: no
decision about paying once reads a budget.
"""

from typing import NamedTuple, Protocol

from florist.ledger.entries import Entry


class Terms(NamedTuple):
    """On which terms a request may leave; its `sent` says so.

    Attributes:
        block: whose money it is; None for a request from before there was a budget.
        price_micro: what it is expected to cost, in millionths of a USD.
    """

    block: int | None
    price_micro: int


class Permit(Protocol):
    """A budget's leave for the requests of one piece of work."""

    async def terms(self, entry: Entry) -> Terms:
        """Return the terms of the entry's next request, before it is announced.

        Raises:
            BudgetRefusedError: the budget does not cover it.
        """
        ...

    async def stands(self, terms: Terms) -> bool:
        """Whether the request may leave, asked once its `sent` is recorded: money may have been taken back."""
        ...

    async def noted(self, entry: Entry) -> None:
        """Take note of an entry that has a run, once it is known, and once more when its end is recorded."""
        ...
