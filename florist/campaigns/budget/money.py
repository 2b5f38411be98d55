"""Integer micro-USD, in which budgets count: sums of them are exact, whatever JSON makes of a number."""

from decimal import ROUND_CEILING, Decimal

MICROS = Decimal(1_000_000)


def micro_usd(amount: Decimal) -> int:
    """Return an amount in millionths of a USD; what lies below one counts as one."""
    return int((amount * MICROS).to_integral_value(ROUND_CEILING))


def usd(micro: int) -> Decimal:
    """Return an amount in USD, in cents and, where there are any, the decimals below them."""
    amount = (Decimal(micro) / MICROS).normalize()
    return amount if -amount.as_tuple().exponent > 2 else amount.quantize(Decimal("0.01"))  # type: ignore[operator]
