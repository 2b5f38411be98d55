"""The polling schedule: pure functions from what is known of a run to seconds and counts.

A run is looked at by a page of history, which tells of many, or by a retrieve of its own.

Source: the contract, "A run" (poll every 2-5 s) and "Errors" (429, 5xx).
"""

from typing import NamedTuple

from florist.api.durations import Durations
from florist.api.errors import APIError, RateLimitError
from florist.api.retries import LONGEST_BACKOFF, RATE_LIMIT_DELAY

RUNS_PER_PAGE = 50
REQUESTS_PER_PAGEFUL = 2
"""One for the page, and one for what the page leaves out."""

EARLY_SHARE = 0.8
"""The first look comes at this share of a duration that somebody has stated: estimates are rough, and an end seen
late costs more than one request too many."""

EARLY_QUANTILE = 0.1
"""Where durations are known, the first look comes when this share of runs has ended."""

WORTH_A_LOOK = 0.05
"""A run is looked at again once it has ended with this probability."""

WORTH_A_GLANCE = 0.02
"""From this probability on, a run that is due soon is looked for on pages that are read for others."""

LIKELY = 0.7
"""From this probability on, that a run has ended is worth a request of its own."""

AFTER_THE_END = 0.05
"""Seconds from an expected end to the look: a look just before it would be in vain."""

LONGEST_FIRST_DELAY = 120.0
"""Seconds. No expectation is trusted beyond this; from here on looks cost next to nothing."""

FINE_SHARE = 0.03
"""A run's end is seen late by such a share of its duration, where nothing more is known of it."""

EASE = 4.0
"""A run is looked at again after a quarter of its distance from the expected end."""


class Pace(NamedTuple):
    """Bounds of the seconds between two looks.

    Attributes:
        shortest: between two retrieves of one run.
        longest: between any two looks at a run whose looks have begun.
        page: between two readings of history.
        tick: between two rounds of requests.
    """

    shortest: float = 2.0
    longest: float = 5.0
    page: float = 1.0
    tick: float = 0.1


def first_poll_delay(expected_seconds: float) -> float:
    """Return after how many seconds of a run's life to look first, where all there is is an estimate."""
    return min(expected_seconds * EARLY_SHARE, LONGEST_FIRST_DELAY)


def next_poll_delay(elapsed: float, expected_seconds: float, pace: Pace) -> float:
    """Return the seconds until the next look: few near the expected end, more the farther from it."""
    return min(max(abs(elapsed - expected_seconds) / EASE, pace.page), pace.longest)


def first_look(durations: Durations) -> float:
    """Return at which age to look at a run first: when the fastest tenth of its kind have ended."""
    early = durations.quantile(EARLY_QUANTILE)
    return min(durations.shortest if early is None else early, LONGEST_FIRST_DELAY) + AFTER_THE_END


def next_look(looked: float, durations: Durations, pace: Pace) -> float:
    """Return at which age to look again at a run that had not ended at the age of `looked` seconds.

    When it may have ended, or after three hundredths of its age if that is possible; every 5 s at least. One
    that takes longer than any before it is looked at the less often the longer it takes.
    """
    if looked < (first := first_look(durations)):
        return first
    in_a_while = min(max(looked * FINE_SHARE, pace.page), pace.longest)
    worth_it = durations.quantile(WORTH_A_LOOK, after=looked)
    if worth_it is None:
        return looked + max(in_a_while, next_poll_delay(looked, durations.longest, pace))
    likely = durations.quantile(LIKELY, after=looked)
    soon = looked + in_a_while if likely is None else min(looked + in_a_while, likely)
    return min(max(worth_it, soon) + AFTER_THE_END, looked + pace.longest)


def requests_allowed(waiting: int) -> int:
    """Return how many requests one tick may make for this many waiting runs."""
    return REQUESTS_PER_PAGEFUL * pagefuls(waiting)


def pagefuls(waiting: int) -> int:
    """Return on how many pages so many runs may stand; as many requests a second are made for them."""
    return -(-waiting // RUNS_PER_PAGE)


def rest_after(error: APIError, troubles: int, pace: Pace) -> float:
    """Return the seconds to leave FLORA alone after the latest of `troubles` failed ticks in a row."""
    rest = min(pace.shortest * 2.0 ** min(troubles - 1, 10), LONGEST_BACKOFF)
    if not isinstance(error, RateLimitError):
        return rest
    return max(rest, RATE_LIMIT_DELAY if error.retry_after is None else error.retry_after)
