"""What a call to FLORA, or a run there, can end in.

The names of the status errors are those of FLORA's own SDK::

    FloristError
    ├── APIError
    │   ├── APIConnectionError              no answer
    │   │   └── APITimeoutError             no answer in time
    │   ├── AmbiguousRequestError           a POST that may have been processed: never re-send it blindly
    │   ├── APIResponseValidationError      an answer that is not what the contract promises
    │   ├── APIStatusError                  an answer with an error status
    │   │   ├── BadRequestError             400; `fields` says which input
    │   │   ├── AuthenticationError         401
    │   │   ├── InsufficientCreditsError    402
    │   │   ├── PermissionDeniedError       403
    │   │   ├── NotFoundError               404
    │   │   ├── ConflictError               409
    │   │   │   └── IdempotencyDuplicateError     by code: the request with this key *was* processed
    │   │   ├── UnprocessableEntityError    422
    │   │   │   └── IdempotencyConflictError      by code: so it was, with another body
    │   │   ├── RateLimitError              429
    │   │   └── InternalServerError         5xx
    │   ├── NoSuchNameError                 an id or slug that is none, whoever gave it
    │   ├── UntrustedUrlError               the key or a request was about to go to a host it must not go to
    │   ├── AssetError                      a file FLORA would not take, or did not
    │   │   └── AssetChangedError               a file that changed before all of it was sent
    │   └── WebhookVerificationError        a delivery that is not FLORA's, or too old
    └── RunError
        ├── RunStillPending                 not finished when the window closed; look again
        ├── RunTimeoutError                 not finished at the deadline; goes on at FLORA, may be resumed
        ├── RunFailedError                  ended as `failed`
        └── RunWithoutOutputsError          ended as `completed`, charged, with nothing to keep

Each APIError says by `processed` whether the request may have been carried out at FLORA, and paid for. That is
decided here and nowhere else: the retry policy and the ledger read it.

Source: the contract, "Errors", "Idempotency", "A run".
"""

from enum import StrEnum
from typing import NamedTuple

from florist.api.models import Run
from florist.errors import FloristError

TRANSIENT_RUN_CODES = frozenset({"model_timeout", "internal_error", "provider_error"})
"""Run-level codes after which a new (paid) run may work. Any other, and any unknown one, is permanent."""


PROCESSED_CODES = frozenset({"idempotency_duplicate", "idempotency_conflict"})
"""Codes which say that an earlier request under this idempotency key was processed, whatever the status."""


class Processed(StrEnum):
    """Whether a request that brought no usable answer was processed by FLORA."""

    NO = "no"
    """Certainly not: FLORA refused it, or nothing of it left this machine."""
    YES = "yes"
    """It was (2xx), but the answer does not say, or not readably, what it made."""
    BEFORE = "before"
    """An earlier one under its idempotency key was; this one made nothing, and which run that was is not said."""
    UNKNOWN = "unknown"
    """The answer was lost, or says nothing certain."""


def processed_by(status: int, code: str) -> Processed:
    """Return what an answer with this status and FLORA's error code says about the request it answers."""
    if code in PROCESSED_CODES:
        return Processed.BEFORE
    if 200 <= status < 300:
        return Processed.YES
    if 400 <= status < 500 and status != 408:
        return Processed.NO
    return Processed.UNKNOWN


class FieldProblem(NamedTuple):
    """One entry of an error body's `fields`."""

    field: str
    message: str


class APIError(FloristError):
    """A call to FLORA that brought no usable answer. Example: docs/client.md, "Errors"."""

    @property
    def processed(self) -> Processed:
        """Whether the request may have been processed. Whatever is not certain is `UNKNOWN`."""
        return Processed.UNKNOWN


class APIConnectionError(APIError):
    """No answer came: the connection could not be made, or broke.

    Raised for reads and free writes after their last retry, and for writes that spend only when nothing can
    have left this machine, so that `processed` is `NO` for those.
    """

    is_retryable = True

    @property
    def processed(self) -> Processed:
        """`NO`, as far as the request spends."""
        return Processed.NO


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class AmbiguousRequestError(APIError):
    """An in-doubt request: a POST that may have been processed, and paid for.

    Never send it again without asking the ledger, which finds out.

    Example: docs/client.md, "Errors".

    Attributes:
        idempotency_key: the key it was sent under, be it the caller's or one made for this call.
        status: the HTTP status; None if no answer came.
        code: FLORA's own error code; empty if the answer was none of FLORA's, or none came.
        request_id: `req_…`, for FLORA's support; None if no answer came.
    """

    def __init__(
        self,
        message: str,
        *,
        idempotency_key: str | None = None,
        status: int | None = None,
        code: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key
        self.status = status
        self.code = code
        self.request_id = request_id

    @property
    def processed(self) -> Processed:
        """`YES` where FLORA said that it worked (2xx), but not readably which run it made; else `UNKNOWN`."""
        return Processed.YES if processed_by(self.status or 0, "") is Processed.YES else Processed.UNKNOWN


class APIResponseValidationError(APIError):
    """A 2xx answer that does not have the promised shape."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id

    @property
    def processed(self) -> Processed:
        """`YES`: it was answered."""
        return Processed.YES


class APIStatusError(APIError):
    """FLORA answered with an error status.

    Attributes:
        status: the HTTP status.
        code: FLORA's machine-readable code, or an empty string.
        fields: for a 400, the inputs that are wrong and why; may be empty.
        request_id: `req_…`, for FLORA's support; None if the answer carried none.
        retry_after: seconds the server asks to wait; None if it did not say.
        is_replayed: FLORA marked the answer as a repetition of what it had said to an earlier request under the
            same idempotency key (`idempotent-replayed: true`).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        fields: tuple[FieldProblem, ...] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
        is_replayed: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = fields
        self.request_id = request_id
        self.retry_after = retry_after
        self.is_replayed = is_replayed

    @property
    def processed(self) -> Processed:
        """What status and code say."""
        return processed_by(self.status, self.code)


class BadRequestError(APIStatusError):
    """400: the request is malformed; `fields` names what to mend."""


class AuthenticationError(APIStatusError):
    """401: FLORA does not know this API key."""


class InsufficientCreditsError(APIStatusError):
    """402: the workspace's balance does not cover the run. Top up, then resume.

    Example: docs/client.md, "Errors".
    """

    stops_all = True


class PermissionDeniedError(APIStatusError):
    """403: the key is known but may not do this."""


class NotFoundError(APIStatusError):
    """404: a wrong slug or id, or something of another workspace. Example: docs/client.md, "Errors"."""


class ConflictError(APIStatusError):
    """409."""


class IdempotencyDuplicateError(ConflictError):
    """A request with this idempotency key was processed before; FLORA does not say which run it made."""

    @property
    def processed(self) -> Processed:
        """`BEFORE`."""
        return Processed.BEFORE


class UnprocessableEntityError(APIStatusError):
    """422."""


class IdempotencyConflictError(UnprocessableEntityError):
    """A request with this idempotency key and another body was processed before."""

    @property
    def processed(self) -> Processed:
        """`BEFORE`."""
        return Processed.BEFORE


class RateLimitError(APIStatusError):
    """429: refused, certainly not processed; wait `retry_after`."""

    is_retryable = True


class InternalServerError(APIStatusError):
    """5xx, after the last retry. (A POST that spends raises `AmbiguousRequestError` instead.)"""

    is_retryable = True


class NoSuchNameError(APIError):
    """An id or slug that cannot be one: empty, or it would lead to another route. Nothing was sent."""

    @property
    def processed(self) -> Processed:
        """`NO`."""
        return Processed.NO


class UntrustedUrlError(APIError):
    """A URL pointed the client to a host that must not see the key, or must not be fetched."""


class AssetError(APIError):
    """A file FLORA would not take, or failed to make ready; the message says which and why."""


class AssetChangedError(AssetError):
    """A file is not the one any more that was hashed before its upload. No run was started with it."""


class WebhookVerificationError(APIError):
    """A webhook delivery whose signature does not verify, or whose time is too far off."""


class RunError(FloristError):
    """A run that has not brought what was asked for. `run` is what FLORA last said of it."""

    def __init__(self, message: str, *, run: Run) -> None:
        super().__init__(message)
        self.run = run


class RunStillPending(RunError):  # noqa: N818 - not an error: the signal to look again
    """The run was unfinished when the window closed."""

    is_retryable = True


class RunTimeoutError(RunError):
    """The run was unfinished at the deadline. It goes on at FLORA and may be waited for again.

    Example: docs/client.md, "Errors".
    """


class RunFailedError(RunError):
    """The run ended as `failed`; `run.error_code` says why. Example: docs/client.md, "Errors"."""


class RunWithoutOutputsError(RunError):
    """The run ended as `completed` without a single output. It was charged: never rerun it unasked."""
