"""What came of an attempt, and the error that a call ends with."""

import httpx

from florist.api.answers import Answer, request_named, status_error
from florist.api.calls import Call
from florist.api.causes import named
from florist.api.errors import AmbiguousRequestError, APIConnectionError, APIError, APITimeoutError
from florist.api.retries import Kind, Trouble, Verdict, trouble_with_connection

Outcome = Answer | Exception
"""An answer of any status, or what went wrong with the connection."""

_ADVICE = "ask the ledger before sending it again"


def trouble_of(outcome: Outcome) -> Trouble:
    """Return what the retry policy needs to know of it."""
    if isinstance(outcome, Answer):
        return outcome.trouble or Trouble(Kind.ANSWERED, status=outcome.status)
    return trouble_with_connection(outcome)


def error_of(call: Call, outcome: Outcome, verdict: Verdict, *, attempts: int, base_url: str) -> APIError:
    """Return the error a call ends with after its last attempt."""
    if verdict is Verdict.AMBIGUOUS:
        return ambiguous(call, outcome)
    if isinstance(outcome, Answer):
        return status_error(outcome)
    kind = APITimeoutError if isinstance(outcome, httpx.TimeoutException | TimeoutError) else APIConnectionError
    times = "once" if attempts == 1 else f"{attempts} times"
    return kind(
        f"{call}: no answer from {base_url} ({named(outcome)}); tried {times}. "
        "Is it the right address (FLORA_BASE_URL), and up?"
    )


def ambiguous(call: Call, outcome: Outcome) -> AmbiguousRequestError:
    """Return the error for an in-doubt request: a POST that may have been processed, or whose run is not named."""
    under = f"under idempotency key {call.idempotency_key}"
    if not isinstance(outcome, Answer):
        return AmbiguousRequestError(
            f"{call}: {named(outcome)}; it may have been processed {under}: {_ADVICE}",
            idempotency_key=call.idempotency_key,
        )
    worked = 200 <= outcome.status < 300
    what = "it was processed, but the answer names no run" if worked else "it may have been processed"
    return AmbiguousRequestError(
        f"{call}: {outcome.status}; {what}, {under}: {_ADVICE}{request_named(outcome)}",
        idempotency_key=call.idempotency_key,
        status=outcome.status,
        code=outcome.trouble.code if outcome.trouble else "",
        request_id=outcome.request_id,
    )


def cause_of(outcome: Outcome) -> Exception | None:
    """Return what the error is to be raised from."""
    return outcome if isinstance(outcome, Exception) else None
