"""The retry policy: which request may be sent again, and when. Pure functions.

::

    what happened                           read     free write   spending write
    never left us (could not connect)       again    again        again, same key
    429                                     again    again        again, same key
    broke after sending began, 408, 5xx     again    again        ambiguous
    3xx, 501                                refused  refused      ambiguous
    idempotency_duplicate, _conflict        refused  refused      refused: that key was processed
    other 4xx                               refused  refused      refused

A *free write* makes something that costs nothing (an uploaded asset). "Again" ends at the call's total
deadline. "Ambiguous" is never sent again by the client: the ledger finds out what became of it.

Source: the contract, "Errors" and "Idempotency".
"""

import math
import random
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx

from florist.api.errors import Processed, processed_by
from florist.api.wire_values import dated

LONGEST_BACKOFF = 30.0
FIRST_BACKOFF = 0.5
SHORTEST_DELAY = 0.1
"""Bounds the number of attempts within any deadline, even where jitter or the server says "at once"."""
RATE_LIMIT_DELAY = 5.0
"""For a 429 without `retry-after`. Source: the contract, "Errors"."""

LONGEST_RETRY_AFTER = 300.0
"""However long a server says, it is asked again after this: a wrong header must not pause a workspace for good."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Effect(StrEnum):
    """What a request does at FLORA."""

    READ = "read"
    FREE_WRITE = "free write"
    SPEND = "spending write"


class Kind(StrEnum):
    """How an attempt went wrong."""

    NEVER_SENT = "never sent"
    BROKEN = "broken"
    ANSWERED = "answered"


class Verdict(StrEnum):
    """What to do about it."""

    AGAIN = "again"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One attempt that brought no usable answer; `status`, `code` and `retry_after` where there was one."""

    kind: Kind
    status: int = 0
    code: str = ""
    retry_after: float | None = None

    @property
    def processed(self) -> Processed:
        """Whether the request may have been processed."""
        if self.kind is Kind.ANSWERED:
            return processed_by(self.status, self.code)
        return Processed.NO if self.kind is Kind.NEVER_SENT else Processed.UNKNOWN


def trouble_with_connection(error: Exception) -> Trouble:
    """Tell a request that never left this machine from one that may have arrived."""
    return Trouble(Kind.NEVER_SENT if isinstance(error, _NEVER_SENT) else Kind.BROKEN)


def verdict_on(trouble: Trouble, effect: Effect) -> Verdict:
    """Return what the table above says."""
    if trouble.kind is Kind.NEVER_SENT:
        return Verdict.AGAIN
    if trouble.processed is Processed.BEFORE:
        return Verdict.REFUSED
    if trouble.status == 429:
        return Verdict.AGAIN
    if effect is Effect.SPEND:
        return Verdict.REFUSED if trouble.processed is Processed.NO else Verdict.AMBIGUOUS
    return Verdict.AGAIN if _may_work_later(trouble) else Verdict.REFUSED


def retry_delay(trouble: Trouble, attempt: int, rng: random.Random) -> float:
    """Return the seconds to wait after the `attempt`-th try (from 0) went wrong.

    What the server asked for; else 5 s after a 429; else a random part of an exponential bound, at most 30 s.
    """
    if trouble.retry_after is not None:
        return max(trouble.retry_after, SHORTEST_DELAY)
    if trouble.status == 429:
        return RATE_LIMIT_DELAY
    bound = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(attempt, 10))
    return max(rng.uniform(0, bound), SHORTEST_DELAY)


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """Read `retry-after`, given as seconds or as an HTTP date, up to a bound; None if missing or unreadable."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        at = http_date(header)
        seconds = math.nan if at is None else (at - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


def http_date(header: str | None) -> datetime | None:
    """Read an HTTP date; None if missing, unreadable, or centuries from now."""
    try:
        return dated(parsedate_to_datetime(header or ""))
    except (ValueError, TypeError, LookupError, OverflowError):
        return None


def _may_work_later(trouble: Trouble) -> bool:
    if trouble.kind is Kind.BROKEN:
        return True
    # 501 says that this server will never know the route.
    return trouble.status == 408 or (trouble.status >= 500 and trouble.status != 501)
