"""What may be tried again: a refused POST by the same call, a failed run by a new, paid attempt.

Pure functions: the whole policy of what may be paid for again.
"""

from florist.api.errors import TRANSIENT_RUN_CODES, APIStatusError, RateLimitError
from florist.ledger.entries import RunFacts

ATTEMPTS_AFTER_THE_FIRST = 2


def refusal_code(error: Exception) -> str:
    """Return a short name for why a POST was refused: FLORA's code, its status, or `not_sent`."""
    if isinstance(error, APIStatusError):
        return error.code or str(error.status)
    return "not_sent"


def pause_after(error: Exception, default: float) -> float | None:
    """Return the seconds after which the same call may send again by itself; None if only a person can mend it."""
    if not isinstance(error, RateLimitError):
        return None
    return default if error.retry_after is None else error.retry_after


def next_attempt(ended: RunFacts, attempt: int, *, limit: int = ATTEMPTS_AFTER_THE_FIRST) -> int | None:
    """Return the number of the attempt that may follow a run, paid for anew; None if none may.

    Only a run that *failed* for a passing reason: never one that FLORA refused for its content, whose input it
    could not reach, that failed for a reason not known yet, or that completed without outputs and was charged.

    Args:
        attempt: of the run that ended, from 0.
        limit: attempts after the first.
    """
    if not ended.is_failed or ended.error_code not in TRANSIENT_RUN_CODES or attempt >= limit:
        return None
    return attempt + 1
