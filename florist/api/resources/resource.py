"""What every resource of the client is made of: reading, listing, starting something that costs."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from florist.api.answers import UNREADABLE, Answer, model_from, problem_of
from florist.api.attempts import ambiguous
from florist.api.calls import Call
from florist.api.errors import APIResponseValidationError
from florist.api.models import Run, StartedRun
from florist.api.paging import AsyncPager, Page
from florist.api.retries import Effect
from florist.api.transport import Transport
from florist.api.wire_values import identifier
from florist.errors import ConfigurationError

RUN_ID = re.compile(rb'"(?:run_id|runId)"\s*:\s*"([^"\\]+)"|"id"\s*:\s*"(run_[^"\\]+)"')
"""A run id, wherever it stands in an answer whose format nobody knows."""

LONGEST_CURSOR = 4000

ModelT = TypeVar("ModelT", bound=BaseModel)
ReadT = TypeVar("ReadT")
BegunT = TypeVar("BegunT", Run, StartedRun)


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """A run that was started, and what FLORA's answer said beside it.

    Attributes:
        is_replayed: an earlier request under the same idempotency key made this run; this one made none.
        said_at: FLORA's time when it answered, to the second; None if it did not say.
        request_id: `req_…`, for FLORA's support.
    """

    run: Run
    is_replayed: bool
    said_at: datetime | None
    request_id: str | None


class Resource:
    """A group of routes. `workspace_id` is what calls take that must name a workspace and are given none."""

    def __init__(self, transport: Transport, *, workspace_id: str | None) -> None:
        self._transport = transport
        self._workspace_id = workspace_id

    async def _read(self, path: str, read: Callable[[Any], ReadT], **query: str | int | None) -> ReadT:
        answer = await self._transport.send(Call("GET", path, query=without_none(query)))
        return model_from(answer, read)

    async def _catalogue(
        self, path: str, model: type[ModelT], *, member: str, **query: str | int | None
    ) -> tuple[ModelT, ...]:
        page = await self._read(path, lambda body: _page(body, model, member), **query)
        page.warn_of_unreadable(path)
        return page.items

    def _pager(
        self,
        path: str,
        model: type[ModelT],
        *,
        member: str,
        identity: Callable[[ModelT], str | None],
        must_be_whole: bool = False,
        **query: str | int | None,
    ) -> AsyncPager[ModelT]:
        async def fetch(cursor: str | None) -> Page[ModelT]:
            return await self._read(path, lambda body: _page(body, model, member), **query, cursor=cursor)

        return AsyncPager(fetch, identity=identity, name=path, must_be_whole=must_be_whole)

    async def _start(self, path: str, idempotency_key: str | None, body: Mapping[str, Any]) -> StartedRun:
        call = Call(
            "POST",
            path,
            effect=Effect.SPEND,
            body=without_none(body),
            idempotency_key=checked_idempotency_key(idempotency_key),
        )
        started, _ = await self._spend(call, StartedRun.model_validate, lambda run_id: StartedRun(run_id=run_id))
        return started

    async def _spend(
        self, call: Call, read: Callable[[Any], BegunT], with_id_alone: Callable[[str], BegunT]
    ) -> tuple[BegunT, Answer]:
        """Send a POST that costs; take the run id from the answer even if nothing else in it can be read."""
        answer = await self._transport.send(call)
        try:
            run = model_from(answer, read)
        except APIResponseValidationError as error:
            run_id = _run_id_in(answer)
            if run_id is None:
                raise ambiguous(call, answer) from error
            run = with_id_alone(run_id)
        self._transport.recent_runs.add(run.run_id)
        return run, answer

    def _workspace(self, workspace_id: str | None) -> str:
        chosen = workspace_id or self._workspace_id
        if chosen is None:
            raise ConfigurationError(
                "this call must name a workspace: pass workspace_id=, or give the client one (FLORA_WORKSPACE_ID)"
            )
        return chosen


def checked_idempotency_key(idempotency_key: str | None) -> str:
    """Return the key a POST is sent under: the caller's, or a new one, so that every re-send bears the same.

    Raises:
        ValueError: it cannot stand in a header.
    """
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    if not (key.isascii() and key.isprintable() and key.strip() == key and 0 < len(key) <= 255):
        raise ValueError(f"{key!r} is no idempotency key: 1 to 255 printable ASCII characters")
    return key


def _page(body: Any, model: type[ModelT], member: str) -> Page[ModelT]:
    items: list[ModelT] = []
    unreadable: list[str] = []
    for number, item in enumerate(_listed(body, member)):
        try:
            items.append(model.model_validate(item))
        except UNREADABLE as error:
            unreadable.append(f"item {number}: {problem_of(error)}")
    return Page(tuple(items), _next_cursor(body), tuple(unreadable))


def _listed(body: Any, member: str) -> list[Any]:
    items = body[member] if member in body else body[to_camel(member)]
    if not isinstance(items or [], list):
        raise TypeError(f"{member} is no list")
    return items or []


def _next_cursor(body: Any) -> str | None:
    meta = body.get("meta") or {}
    cursor = meta.get("next_cursor") or meta.get("nextCursor")
    if not cursor:
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, str | int):
        raise TypeError("the cursor is no text")
    cursor = str(cursor)
    if not (cursor.isascii() and cursor.isprintable() and len(cursor) <= LONGEST_CURSOR):
        raise ValueError("the cursor cannot be sent back")
    return cursor


def _run_id_in(answer: Answer) -> str | None:
    found = RUN_ID.search(answer.content)
    run_id = (found.group(1) or found.group(2)).decode(errors="replace") if found else ""
    try:
        return identifier(run_id)
    except ValueError:
        return None


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request says: FLORA reads null as a value."""
    return {name: value for name, value in values.items() if value is not None}
