"""What people see of a budget."""

from decimal import Decimal
from typing import Self

from florist.amounts import shown_usd
from florist.campaigns.budget.money import usd
from florist.campaigns.budget.records import Record
from florist.frozen import FrozenModel


class Standing(FrozenModel):
    """Where a campaign's budget stands. Others may spend meanwhile.

    Attributes:
        cap_usd: as a person has set it.
        charged_usd: by FLORA, for settled blocks.
        uncertain_usd: what requests in doubt, and runs without an end, may cost.
        reserved_usd: set aside for open blocks.
        free_usd: what may still be authorised.
        rows_that_fit: at the price of the dearest row so far; None as long as none was planned.
        overcharged_usd: what FLORA charged beyond its prices.
        frozen: why nothing is authorised; empty if nothing is wrong.
    """

    campaign: str
    cap_usd: Decimal
    charged_usd: Decimal
    uncertain_usd: Decimal
    reserved_usd: Decimal
    free_usd: Decimal
    rows_that_fit: int | None = None
    open_blocks: int = 0
    overcharged_usd: Decimal = Decimal(0)
    frozen: str = ""

    @classmethod
    def of(cls, campaign: str, record: Record) -> Self:
        """Return it as of a record."""
        free = 0 if record.frozen else record.free
        return cls(
            campaign=campaign,
            cap_usd=usd(record.wanted),
            charged_usd=usd(record.settled),
            uncertain_usd=usd(record.uncertain),
            reserved_usd=usd(record.reserved),
            free_usd=usd(free),
            rows_that_fit=free // record.row_price if record.row_price else None,
            open_blocks=len(record.open),
            overcharged_usd=usd(record.overcharged),
            frozen=record.frozen,
        )

    def lines(self) -> list[str]:
        """Return it in words, below the table of amounts."""
        lines = []
        if self.rows_that_fit is not None:
            rows = "row fits" if self.rows_that_fit == 1 else "rows fit"
            lines.append(f"{self.rows_that_fit} more {rows} now, at the price of the dearest; others may spend.")
        if self.overcharged_usd:
            lines.append(f"FLORA charged {shown_usd(self.overcharged_usd)} beyond its prices.")
        if self.frozen:
            lines.append(
                f"Frozen: {self.frozen}. Nothing is authorised until `florist budget lift {self.campaign}`."
            )
        return lines
