"""What picking can end in, beside what stores answer.

::

    FloristError
    └── PickError
        ├── PickRefusedError            a pick that is not taken; `price_usd` is what confirming it takes
        ├── TakeRefusedError            a take that cannot be made
        └── PickAwaitedError            a step that is not sent, for the pick it stood on stands no more
"""

from decimal import Decimal

from florist.errors import FloristError


class PickError(FloristError):
    """A pick that cannot be taken, or is missing."""


class PickRefusedError(PickError):
    """A pick was not taken; nothing was changed.

    Attributes:
        problem: why, for people, with what to do.
        price_usd: what was, or is about to be, paid for by the pick that would be changed: the same change with
            `confirm_usd` equal to it is taken. None where confirming does not help.
    """

    def __init__(self, problem: str, price_usd: Decimal | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.price_usd = price_usd


class TakeRefusedError(PickError):
    """A take cannot be made like this. Nothing was written down, nothing was paid."""


class PickAwaitedError(PickError):
    """A step was not sent: the pick that it stood on when it was planned stands no more. Nothing was paid."""
