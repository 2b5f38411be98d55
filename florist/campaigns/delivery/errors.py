"""What a delivery can end in.

::

    FloristError
    └── DeliveryError           `messages` tells of everything to mend
"""

from collections.abc import Sequence

from florist.errors import FloristError

MESSAGES_AT_MOST = 20


class DeliveryError(FloristError):
    """A campaign that cannot be delivered, or not all of it."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        shown = [*self.messages[:MESSAGES_AT_MOST]]
        if len(self.messages) > MESSAGES_AT_MOST:
            shown.append(f"… and {len(self.messages) - MESSAGES_AT_MOST} more")
        super().__init__("\n  ".join(shown))
