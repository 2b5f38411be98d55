"""Which runs a client has started a moment ago: FLORA may not show them yet."""

from collections.abc import Callable

RECENT_SECONDS = 60.0
"""A 404 in a run's first minute means "not yet". Source: the contract, "Errors"."""


class RecentRuns:
    """The ids of the last minute's runs. Times are of a monotonic clock."""

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

    def has(self, run_id: str) -> bool:
        """Whether this run was started within the last minute."""
        started_at = self._started_at.get(run_id)
        return started_at is not None and self._monotonic() - started_at < RECENT_SECONDS
