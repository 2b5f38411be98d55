"""Amounts of money for people."""

from decimal import Decimal
from typing import Literal


def shown_usd(amount: Decimal | Literal[0] | None) -> str:
    """Return an amount for people: at least cents, and what there is below a cent."""
    if amount is None:
        return "unknown"
    amount = Decimal(amount)
    exact = f"{amount.normalize():f}"
    return f"${amount:.2f}" if len(exact.partition(".")[2]) <= 2 else f"${exact}"
