"""The polling schedule: pure functions from what is known of a run to seconds and counts.

Source: the contract, "A run" (poll every 2-5 s) and "Errors" (429, 5xx).
"""

from typing import NamedTuple

from florist.api.errors import APIError, RateLimitError
from florist.api.retries import LONGEST_BACKOFF, RATE_LIMIT_DELAY

RUNS_PER_PAGE = 50
REQUESTS_PER_PAGEFUL = 2
"""One for the page, and one for what the page leaves out."""

EARLY_SHARE = 0.8
"""The first poll comes at this share of the expected duration: estimates are rough, and an end seen late
costs more than one request too many."""

LONGEST_FIRST_DELAY = 120.0
"""Seconds. No estimate is trusted beyond this; from here on polls cost next to nothing."""

EASE = 4.0
"""A run is polled again after a quarter of its distance from the expected end."""

NEW_SHARE = 0.3
"""How much the latest run of a technique weighs in what is expected of the next."""


class Pace(NamedTuple):
    """Bounds of the seconds between two polls of one run; `shortest` also parts two ticks."""

    shortest: float = 2.0
    longest: float = 5.0


def first_poll_delay(expected_seconds: float) -> float:
    """Return after how many seconds of a run's life to poll it first."""
    return min(expected_seconds * EARLY_SHARE, LONGEST_FIRST_DELAY)


def next_poll_delay(elapsed: float, expected_seconds: float, pace: Pace) -> float:
    """Return the seconds until the next poll: few near the expected end, more the farther from it."""
    return min(max(abs(elapsed - expected_seconds) / EASE, pace.shortest), pace.longest)


def requests_allowed(waiting: int) -> int:
    """Return how many requests one tick may make for this many waiting runs."""
    return REQUESTS_PER_PAGEFUL * -(-waiting // RUNS_PER_PAGE)


def rest_after(error: APIError, troubles: int, pace: Pace) -> float:
    """Return the seconds to leave FLORA alone after the latest of `troubles` failed ticks in a row."""
    rest = min(pace.shortest * 2.0 ** min(troubles - 1, 10), LONGEST_BACKOFF)
    if not isinstance(error, RateLimitError):
        return rest
    return max(rest, RATE_LIMIT_DELAY if error.retry_after is None else error.retry_after)


def learnt_duration(known: float | None, latest: float) -> float:
    """Return what to expect of a technique after one more of its runs took `latest` seconds."""
    return latest if known is None else known + NEW_SHARE * (latest - known)
