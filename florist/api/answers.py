"""Reads FLORA's answers: from bytes to a model, or to the error they stand for."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from florist.api.errors import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FieldProblem,
    IdempotencyConflictError,
    IdempotencyDuplicateError,
    InsufficientCreditsError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from florist.api.retries import Kind, Trouble
from florist.secrets import redacted

ReadT = TypeVar("ReadT")

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: InsufficientCreditsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_BY_CODE: dict[str, type[APIStatusError]] = {
    "idempotency_duplicate": IdempotencyDuplicateError,
    "idempotency_conflict": IdempotencyConflictError,
}
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading an answer of an unheard-of shape may raise; pydantic's errors are among them."""
MOST_PROBLEMS = 20
MOST_CHARACTERS = 1000
"""Of each text that goes into an error: Prefect keeps them."""
_MENDS = {
    401: "check the API key (FLORA_API_KEY, or the one in the block)",
    402: "top up the workspace's balance, then resume",
    403: "check what this API key is allowed to do",
    404: "check the slug or id, and that this API key's workspace can see it",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end, as plain data. The content stays out of sight: it may hold signed URLs.

    Attributes:
        said_at: the answer's `Date`, to the second; None if it has none.
        is_replayed: FLORA repeats what it answered to an earlier request under the same idempotency key.
        is_cut: it was longer than may be read, and `content` is its beginning.
    """

    request: str
    status: int
    content: bytes = field(repr=False)
    request_id: str | None = None
    retry_after: float | None = None
    said_at: datetime | None = None
    is_replayed: bool = False
    is_cut: bool = False

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with it, told from status and code alone; None for a 2xx without an error in it."""
        code = _error_body(self).code
        if 200 <= self.status < 300 and not code:
            return None
        return Trouble(Kind.ANSWERED, status=self.status, code=code, retry_after=self.retry_after)


@dataclass(frozen=True, slots=True)
class _ErrorBody:
    """FLORA's error envelope, read as far as it goes, in words that may be shown."""

    code: str = ""
    message: str = ""
    fields: tuple[FieldProblem, ...] = ()


def model_from(answer: Answer, read: Callable[[Any], ReadT]) -> ReadT:
    """Return the body as `read` understands it, e.g. `Run.model_validate`.

    Raises:
        APIResponseValidationError: it has another shape; the message names the fields, never their values.
    """
    try:
        return read(json_of(answer))
    except UNREADABLE as error:
        problem = "longer than may be read" if answer.is_cut else problem_of(error)
    # Not raised from the cause: that one quotes the body, and with it signed URLs.
    raise APIResponseValidationError(
        f"{answer.request}: the answer is not what FLORA promises ({problem}){request_named(answer)}",
        request_id=answer.request_id,
    )


def problem_of(error: Exception) -> str:
    """Return which fields made an answer unreadable, and nothing of what they hold."""
    if not isinstance(error, ValidationError):
        return "body"
    places = {".".join(map(str, one["loc"])) or "body" for one in error.errors(include_input=False)}
    return _words(", ".join(sorted(places)[:MOST_PROBLEMS]))


def json_of(answer: Answer) -> Any:
    """Return the body as plain values. `NaN` and `Infinity`, which JSON does not have, are read as null.

    Raises:
        ValueError: it is no JSON, or nested too deeply to be read.
    """
    try:
        return json.loads(answer.content, parse_constant=lambda _: None)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def status_error(answer: Answer) -> APIError:
    """Return the typed error an answer stands for, by its code first and its status second."""
    body = _error_body(answer)
    kind = _BY_CODE.get(body.code) or _kind_by_status(answer.status)
    words = [f"{answer.status} {body.code}".strip(), body.message, _mend(answer.status)]
    return kind(
        f"{answer.request}: {'; '.join(filter(None, words))}{request_named(answer)}",
        status=answer.status,
        code=body.code,
        fields=body.fields,
        request_id=answer.request_id,
        retry_after=answer.retry_after,
        is_replayed=answer.is_replayed,
    )


def _mend(status: int) -> str:
    if 300 <= status < 400:
        return "redirects are never followed: check the base URL"
    return _MENDS.get(status, "")


def _kind_by_status(status: int) -> type[APIStatusError]:
    return _BY_STATUS.get(status) or (InternalServerError if status >= 500 else APIStatusError)


def _error_body(answer: Answer) -> _ErrorBody:
    if b'"error"' not in answer.content:
        return _ErrorBody()
    try:
        error = json_of(answer)["error"]
    except (ValueError, TypeError, KeyError):
        return _ErrorBody()
    if not isinstance(error, dict):
        return _ErrorBody(message=_words(error))
    fields = error.get("fields")
    problems = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
    return _ErrorBody(
        code=_words(error.get("code")),
        message=_words(error.get("message")),
        fields=tuple(
            FieldProblem(_words(one.get("field")), _words(one.get("message"))) for one in problems[:MOST_PROBLEMS]
        ),
    )


def _words(value: object) -> str:
    """Return a text of FLORA's on one line and of bounded length, as it may be shown; anything else is none."""
    return " ".join(redacted(value[:MOST_CHARACTERS]).split()) if isinstance(value, str) else ""


def request_named(answer: Answer) -> str:
    """Return the end of a message that names the request, or nothing."""
    return f" (request {answer.request_id})" if answer.request_id else ""
