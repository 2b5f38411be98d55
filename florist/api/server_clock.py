"""FLORA's clock, estimated from the `Date` of its answers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from florist.api.retries import http_date


class ServerClock:
    """Our own clock, corrected by the `Date` of the last answer; right to about a second."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.local_now = now
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the time as FLORA's clock would show it; our own before the first answer."""
        return self.local_now() + self._offset

    def learn(self, date: str | None, *, seconds: float) -> None:
        """Take in the `Date` of an answer that has just come, to what was asked so many seconds ago.

        They are counted by a monotonic clock: ours may be set meanwhile.
        """
        said_at = http_date(date)
        if said_at is None:
            return
        middle = self.local_now() - timedelta(seconds=seconds / 2)
        # `Date` is cut to the second: the truth lies half a second later, give or take as much.
        self._offset = said_at.astimezone(UTC) + timedelta(seconds=0.5) - middle
