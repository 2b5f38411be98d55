"""Bars of a campaign's nights as SVG markup of our own: what was spent, against what was planned."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from florist.serving.front import Night

WIDTH, HEIGHT = 224, 48
_FOOT = 1
_GAP = 4
_WIDEST = 22


class Bar(NamedTuple):
    """One night as it is drawn, in the units of the picture.

    Attributes:
        plan_y: of the line at what was planned; None without a plan.
    """

    night: Night
    x: float
    y: float
    width: float
    height: float
    plan_y: float | None


def bars(nights: Sequence[Night]) -> tuple[Bar, ...]:
    """Return where each night's bar goes; all on one scale."""
    most = max((max(night.spent_usd, night.planned_usd or Decimal(0)) for night in nights), default=Decimal(0))
    if not most:
        return ()
    width = min(_WIDEST, (WIDTH - _GAP) / len(nights) - _GAP)

    def height(usd: Decimal) -> float:
        return round(float(usd / most) * (HEIGHT - _FOOT - 2), 1)

    return tuple(
        Bar(
            night=night,
            x=round(_GAP + number * (width + _GAP), 1),
            y=round(HEIGHT - _FOOT - height(night.spent_usd), 1),
            width=round(width, 1),
            height=height(night.spent_usd),
            plan_y=None if night.planned_usd is None else round(HEIGHT - _FOOT - height(night.planned_usd), 1),
        )
        for number, night in enumerate(nights)
    )
