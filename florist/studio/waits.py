"""Says in the log what a start waits for, and for how long at the most, without saying it every two seconds."""

import logging
import time
from collections.abc import Callable

SAID_AGAIN_AFTER = 60.0
WORTH_SAYING = 5.0
"""Seconds: shorter waits are nobody's concern."""

logger = logging.getLogger(__name__)


class Waits:
    """What one step of one row waits for before it starts; handed to `Spender.start` as `on_wait`."""

    def __init__(self, step: str, row: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._label = f"{row}/{step}" if row else step
        self._monotonic = monotonic
        self._reason = ""
        self._said_at = float("-inf")

    def __call__(self, reason: str, seconds: float) -> None:
        """Say it, if it is new or was said a minute ago."""
        now = self._monotonic()
        is_new = reason != self._reason
        if seconds < WORTH_SAYING or (not is_new and now - self._said_at < SAID_AGAIN_AFTER):
            return
        self._reason, self._said_at = reason, now
        logger.info("%s waits for %.0f s at the most: %s", self._label, seconds, reason)
