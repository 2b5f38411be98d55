"""FLORA's error answers: one envelope, one code each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel


class FieldNote(BaseModel):
    """One input that is wrong, and why."""

    field: str
    message: str


class ErrorDetail(BaseModel):
    """The inside of the envelope."""

    code: str
    message: str
    fields: list[FieldNote] | None = None


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - an answer, which happens to be raised
    """A request that FLORA refuses; the gate turns it into the envelope."""

    status: int
    code: str
    message: str
    fields: Sequence[FieldNote] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the envelope."""
        detail = ErrorDetail(code=self.code, message=self.message, fields=list(self.fields) or None)
        return ErrorAnswer(error=detail).model_dump_json(exclude_none=True).encode()


def invalid(*notes: tuple[str, str]) -> Problem:
    """Return the 400 that names what is wrong with which field."""
    fields = [FieldNote(field=name, message=message) for name, message in notes]
    summary = "; ".join(f"{note.field}: {note.message}" for note in fields)
    return Problem(400, "input_validation_error", summary or "Invalid request.", fields)


def not_found(what: str = "Not found.") -> Problem:
    """Return the 404, which does not tell the missing from the forbidden."""
    return Problem(404, "not_found", what)


def forbidden() -> Problem:
    """Return the 403."""
    return Problem(403, "forbidden", "Forbidden.")


def conflict(message: str) -> Problem:
    """Return the 409 of assets."""
    return Problem(409, "conflict", message)


def rate_limited(headers: dict[str, str] | None = None) -> Problem:
    """Return the 429."""
    return Problem(429, "rate_limited", "Rate limit exceeded.", headers=headers or {})


def server_error(status: int) -> Problem:
    """Return a 5xx."""
    if status == 503:
        return Problem(503, "service_unavailable", "The service is unavailable.")
    return Problem(status, "unknown_error", "An unknown error occurred.")


def refusal(status: int) -> Problem:
    """Return what refuses a start with this status: 402, 429 or a 5xx."""
    return {402: insufficient_credits, 429: rate_limited}.get(status, lambda: server_error(status))()


def insufficient_credits() -> Problem:
    """Return the 402."""
    return Problem(402, "insufficient_credits", "Insufficient credits.")


def notes_from(errors: Sequence[Any]) -> list[tuple[str, str]]:
    """Return pydantic's findings as FLORA words them: `prompt: Required`."""
    return [(_field_name(error["loc"]), _wording(error)) for error in errors]


def _field_name(location: Sequence[int | str]) -> str:
    parts = location[1:] if location and location[0] in ("body", "query", "path", "header") else location
    return ".".join(str(part) for part in parts) or "body"


def _wording(error: Any) -> str:
    return "Required" if error["type"] == "missing" else str(error["msg"])
