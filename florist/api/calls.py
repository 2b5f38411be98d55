"""A request as data, before it is sent."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from florist.api.retries import Effect

FormFile = tuple[str, bytes, str]
"""Name, content and media type of a file in a form."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before it is sent. What may hold prompts and signed URLs stays out of its repr.

    Attributes:
        stop_at: read the answer only until this is found in it.
        before_send: awaited each time right before the bytes leave; what it raises passes through, and nothing
            is sent.
    """

    method: str
    path: str
    effect: Effect = Effect.READ
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    files: Mapping[str, FormFile] | None = field(default=None, repr=False)
    idempotency_key: str | None = None
    stop_at: re.Pattern[bytes] | None = None
    before_send: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
