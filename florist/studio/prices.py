"""What a plan costs and what its runs were charged, in words."""

from collections.abc import Iterable
from decimal import Decimal

from florist.amounts import shown_usd
from florist.ledger import How
from florist.pipelines.rows import RowPlans
from florist.studio.steps import StepResult


def price_line(plans: RowPlans) -> str:
    """Return in words what a plan costs."""
    line = f"{plans.runs} run{'s' * (plans.runs != 1)}"
    if len(plans.rows) > 1:
        line += f" in {len(plans.rows)} rows"
    line += f" for {shown_usd(plans.price_usd)}"
    if plans.unpriced:
        line += f", and what FLORA charges for {', '.join(plans.unpriced)}, of which it tells no price"
    return line


def charged_line(results: Iterable[StepResult]) -> str:
    """Return in words what these results were charged, and how much of it only now."""
    charges = [(result.run.charged_usd or Decimal(0), result.how is How.NEW) for result in results]
    total = sum((charge for charge, _ in charges), Decimal(0))
    before = sum((charge for charge, is_new in charges if not is_new), Decimal(0))
    line = f"{shown_usd(total)} charged"
    return f"{line}, {shown_usd(before)} of it in an earlier run" if before else line
