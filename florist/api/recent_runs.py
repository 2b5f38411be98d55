"""Which runs a client has started a moment ago: FLORA may not show them yet."""

from collections.abc import Callable

RECENT_SECONDS = 60.0
"""A 404 in a run's first minute means "not yet". Source: the contract, "Errors"."""


class RecentRuns:
    """The last minute's runs, and when each was started. Times are of a monotonic clock."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._started_at: dict[str, float] = {}

    def add(self, run_id: str) -> None:
        """Note a run that has just been started."""
        now = self._monotonic()
        for known, started_at in tuple(self._started_at.items()):
            if now - started_at < RECENT_SECONDS:
                break
            del self._started_at[known]
        self._started_at.pop(run_id, None)
        self._started_at[run_id] = now

    def started_at(self, run_id: str) -> float | None:
        """Return when this run was started, if that was within the last minute."""
        started_at = self._started_at.get(run_id)
        return None if started_at is None or self._monotonic() - started_at >= RECENT_SECONDS else started_at
