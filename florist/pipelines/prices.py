"""Amounts and prices in words."""

from collections.abc import Iterable
from decimal import Decimal

from florist.ledger import How
from florist.pipelines.making import StepResult
from florist.pipelines.planning import Plan


def shown_usd(amount: Decimal | None) -> str:
    """Return an amount for people: at least cents, and what there is below a cent."""
    if amount is None:
        return "unknown"
    exact = f"{amount.normalize():f}"
    return f"${amount:.2f}" if len(exact.partition(".")[2]) <= 2 else f"${exact}"


def price_line(planned: Plan) -> str:
    """Return in words what a plan costs."""
    count = len(planned.steps)
    line = f"{count} run{'s' * (count != 1)} for {shown_usd(planned.price_usd)}"
    if planned.unpriced:
        line += f", and what FLORA charges for {', '.join(planned.unpriced)}, of which it tells no price"
    return line


def charged_line(results: Iterable[StepResult]) -> str:
    """Return in words what these results were charged, and how much of it only now."""
    charges = [(result.run.charged_usd or Decimal(0), result.how is How.NEW) for result in results]
    total = sum((charge for charge, _ in charges), Decimal(0))
    before = sum((charge for charge, is_new in charges if not is_new), Decimal(0))
    line = f"{shown_usd(total)} charged"
    return f"{line}, {shown_usd(before)} of it in an earlier run" if before else line
