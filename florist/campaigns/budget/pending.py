"""The rows of a walk that are not done yet, with what may have to be paid for them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from florist.campaigns.budget.blocks import Block, price_of
from florist.campaigns.budget.rules import WantedRow
from florist.pipelines.planning import PlannedStep
from florist.pipelines.rows import RowPlans

Unpaid = Callable[[RowPlans], Awaitable[Mapping[str, Sequence[PlannedStep]]]]
"""Returns the cells of each row that may have to be paid for."""


class PendingRows:
    """As one process sees them."""

    def __init__(self, plans: RowPlans, unpaid: Unpaid) -> None:
        self._plans = plans
        self._unpaid = unpaid
        self._pending: dict[str, dict[str, int]] | None = None
        self._walking: dict[int, set[str]] = {}
        self._looked_at = -1

    @property
    def keys(self) -> tuple[str, ...]:
        """The rows that are not done; none before the first candidates were asked for."""
        return tuple(self._pending or ())

    async def candidates(self) -> list[WantedRow]:
        """Return the rows that nobody in this process walks, with what may have to be paid for them."""
        if self._pending is None:
            self._pending = _priced(await self._unpaid(self._plans))
        walking = {key for keys in self._walking.values() for key in keys}
        return [self._wanted(key, slots) for key, slots in self._pending.items() if key not in walking]

    async def refreshed(self, number: int) -> bool:
        """Look once for each record of the budget which rows others have paid for meanwhile; whether it did."""
        if self._looked_at == number:
            return False
        pending = self._pending or {}
        left = self._plans.model_copy(update={"rows": {key: self._plans.rows[key] for key in pending}})
        for key, slots in _priced(await self._unpaid(left)).items():
            pending[key] = slots
        self._looked_at = number
        return True

    def begun(self, block: Block) -> None:
        """Leave the rows of a block to whoever walks it now."""
        self._walking[id(block)] = set(block.rows)

    def walked(self, block: Block) -> None:
        """Take the rows of a block off the list, save those of which something was held back."""
        self._walking.pop(id(block), None)
        pending = self._pending
        if pending is None:
            return
        for key in block.rows:
            if key not in block.refused:
                pending.pop(key, None)
            elif key in pending:
                pending[key] = self._left(key, pending[key], block)

    def _wanted(self, key: str, slots: Mapping[str, int]) -> WantedRow:
        steps = self._plans.rows[key].steps
        return WantedRow(key, dict(slots), frozenset(step.technique_id for step in steps if step.name in slots))

    def _left(self, key: str, slots: Mapping[str, int], block: Block) -> dict[str, int]:
        """Return what may still have to be paid for a row: not what ended in success, but what was asked for.

        Nothing as long as a request of the row is in doubt and nothing is held for it: that comes first.
        """
        if key in block.unheld:
            return {}
        over = {cell for (row, cell), slot in block.slots.items() if row == key and slot.is_over}
        asked = {cell for row, cell in block.asked if row == key}
        prices = {step.name: price_of(step) or 0 for step in self._plans.rows[key].steps}
        return {cell: price for cell, price in prices.items() if cell in asked or (cell in slots.keys() - over)}


def _priced(unpaid: Mapping[str, Sequence[PlannedStep]]) -> dict[str, dict[str, int]]:
    return {key: {step.name: price_of(step) or 0 for step in steps} for key, steps in unpaid.items()}
