"""The result of one attempt to send a request, and the error that a call ends with."""

import httpx

from florist.api.answers import Answer, request_named, status_error
from florist.api.calls import Call
from florist.api.causes import named
from florist.api.errors import AmbiguousRequestError, APIConnectionError, APIError, APITimeoutError
from florist.api.retries import Kind, Trouble, Verdict, trouble_with_connection

AttemptResult = Answer | Exception
"""An answer of any status, or what went wrong with the connection."""

_ADVICE = "ask the ledger before sending it again"


def trouble_of(result: AttemptResult) -> Trouble:
    """Return what the retry policy needs to know of it."""
    if isinstance(result, Answer):
        return result.trouble or Trouble(Kind.ANSWERED, status=result.status)
    return trouble_with_connection(result)


def error_of(call: Call, result: AttemptResult, verdict: Verdict, *, attempts: int, base_url: str) -> APIError:
    """Return the error a call ends with after its last attempt."""
    if verdict is Verdict.AMBIGUOUS:
        return ambiguous(call, result)
    if isinstance(result, Answer):
        return status_error(result)
    kind = APITimeoutError if isinstance(result, httpx.TimeoutException | TimeoutError) else APIConnectionError
    times = "once" if attempts == 1 else f"{attempts} times"
    return kind(
        f"{call}: no answer from {base_url} ({named(result)}); tried {times}. "
        "Is it the right address (FLORA_BASE_URL), and up?"
    )


def ambiguous(call: Call, result: AttemptResult) -> AmbiguousRequestError:
    """Return the error for an in-doubt request: a POST that may have been processed, or whose run is not named."""
    under = f"under idempotency key {call.idempotency_key}"
    if not isinstance(result, Answer):
        return AmbiguousRequestError(
            f"{call}: {named(result)}; it may have been processed {under}: {_ADVICE}",
            idempotency_key=call.idempotency_key,
        )
    worked = 200 <= result.status < 300
    what = "it was processed, but the answer names no run" if worked else "it may have been processed"
    return AmbiguousRequestError(
        f"{call}: {result.status}; {what}, {under}: {_ADVICE}{request_named(result)}",
        idempotency_key=call.idempotency_key,
        status=result.status,
        code=result.trouble.code if result.trouble else "",
        request_id=result.request_id,
    )


def cause_of(result: AttemptResult) -> Exception | None:
    """Return what the error is to be raised from."""
    return result if isinstance(result, Exception) else None
