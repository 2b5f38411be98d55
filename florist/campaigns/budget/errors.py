"""What a budget can end in, beside `BudgetRefusedError` of the ledger, which one step ends in.

::

    FloristError
    └── BudgetError
        ├── BudgetDamagedError          its records have a gap or a broken hash, or are gone
        └── UnpricedStepsError          a step without a price and without a ceiling, under a cap
"""

from florist.errors import FloristError


class BudgetError(FloristError):
    """A campaign's budget cannot be kept, so nothing was spent."""


class BudgetDamagedError(BudgetError):
    """The budget's records cannot be relied on; `florist budget rebuild` makes one anew out of the ledger."""


class UnpricedStepsError(BudgetError):
    """Steps of which FLORA tells no price, and which have no ceiling, cannot be held to a cap.

    Attributes:
        steps: their names.
    """

    def __init__(self, message: str, *, steps: tuple[str, ...]) -> None:
        super().__init__(message)
        self.steps = steps
