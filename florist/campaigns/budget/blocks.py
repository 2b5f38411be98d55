"""A block: rows that were authorised together, and what this process knows of their cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from florist.campaigns.budget.counting import Counted
from florist.campaigns.budget.money import micro_usd
from florist.campaigns.budget.records import OpenBlock
from florist.pipelines.planning import PlannedStep
from florist.studio.steps import Allowance

Cell = tuple[str, str]
"""A row's key and the cell's name in it."""


@dataclass(eq=False)
class Slot:
    """One cell of a block.

    Attributes:
        keys: the block's own requests for it, by idempotency key.
        is_over: nothing more will be sent for it: it ended in success.
    """

    allowance: int
    keys: dict[str, Counted] = field(default_factory=dict)
    is_over: bool = False


@dataclass(eq=False)
class Block:
    """Rows that may be walked now.

    Attributes:
        id: None where nothing is set aside: all is paid for or in doubt, or there is no cap.
        rows: their keys, in plan order.
        allowance: hand it to `Studio.start` or `StudioSteps`; None without a cap.
        is_ours: this process has authorised it, and knows every request that was made with its money, unless it
            was joined.
        is_stopped: FLORA charged more than its price: nothing more leaves.
        refused: rows of which the budget held something back.
        asked: cells that it had nothing for.
        unheld: rows of a request in doubt for which nothing is held, and no more fits: what is set aside for them
            is in the way.
    """

    id: int | None
    rows: tuple[str, ...]
    slots: dict[Cell, Slot] = field(default_factory=dict)
    allowance: Allowance | None = None
    is_ours: bool = True
    is_stopped: bool = False
    refused: set[str] = field(default_factory=set)
    asked: set[Cell] = field(default_factory=set)
    unheld: set[str] = field(default_factory=set)

    def is_over(self, opened: OpenBlock) -> bool:
        """Whether every cell of the block ended in success, as far as this process knows."""
        cells = ((key, cell) for key, row in opened.rows.items() for cell in row.slots)
        return all(cell in self.slots and self.slots[cell].is_over for cell in cells)

    def spent(self) -> tuple[Counted, ...]:
        """Return the block's own requests that this process knows of."""
        return tuple(each for slot in self.slots.values() for each in slot.keys.values())


def price_of(step: PlannedStep) -> int | None:
    """Return what a cell is expected to cost, or may cost at most; None where nobody says."""
    amount = step.price_usd if step.price_usd is not None else step.ceiling_usd
    return None if amount is None else micro_usd(amount)


def slots_of(rows: Mapping[str, Mapping[str, int]]) -> dict[Cell, Slot]:
    """Return the slots of rows, by their cells."""
    return {(key, cell): Slot(price) for key, cells in rows.items() for cell, price in cells.items()}
