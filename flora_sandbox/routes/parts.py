"""What FLORA's routes share: the sandbox they serve, the answers they may give, the keyed start of a run."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from flora_sandbox.calls import Call
from flora_sandbox.flora import Flora
from flora_sandbox.idempotency import Answer, fingerprint
from flora_sandbox.jobs import Job
from flora_sandbox.pages import with_last_cursor
from flora_sandbox.problems import ErrorAnswer, invalid
from flora_sandbox.shapes import Meta
from flora_sandbox.techniques import ProjectIds
from flora_sandbox.urls import callback_url_fault

_READ_ERRORS = (400, 401, 403, 404, 422, 429, 500, 503)
_WRITE_ERRORS = (*_READ_ERRORS, 402, 409)
READ_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorAnswer} for status in _READ_ERRORS}
WRITE_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorAnswer} for status in _WRITE_ERRORS}


def _flora_of(request: Request) -> Flora:
    flora: Flora = request.scope["state"]["flora"]
    return flora


TheFlora = Annotated[Flora, Depends(_flora_of)]
Limit = Annotated[int | None, Query(ge=1)]
Cursor = Annotated[str | None, Query()]


def answered(shape: BaseModel) -> Response:
    """Return an answer that says every field, null or not."""
    return Response(shape.model_dump_json(), media_type="application/json")


def answered_briefly(shape: BaseModel) -> Response:
    """Return an answer that leaves out what is not known."""
    return Response(shape.model_dump_json(exclude_none=True), media_type="application/json")


def paged(flora: Flora, name: str, items: list[BaseModel], meta: Meta, *, briefly: bool = True) -> Response:
    """Return one page of a list."""
    body: dict[str, object] = {
        name: [item.model_dump(mode="json", exclude_none=briefly) for item in items],
        "meta": meta.model_dump(exclude_none=True),
    }
    return JSONResponse(with_last_cursor(body, flora.settings))


def as_response(answer: Answer) -> Response:
    """Return a finished answer, made now or replayed."""
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def as_answer(shape: BaseModel) -> Answer:
    """Return an answer that can be kept under a key."""
    return Answer(200, shape.model_dump_json(exclude_none=True).encode())


def callback_checked(callback_url: str | None) -> str | None:
    """Return a callback URL that may be called.

    Raises:
        Problem: 400, it is neither https nor on this machine.
    """
    fault = callback_url_fault(callback_url) if callback_url is not None else None
    if fault is not None:
        raise invalid(("callback_url", fault))
    return callback_url


async def start_run(
    flora: Flora,
    call: Call,
    body: BaseModel,
    job: Job,
    *,
    project: ProjectIds,
    shown: Callable[[str], Answer],
    callback_url: str | None = None,
) -> Answer:
    """Start a run once per idempotency key, and begin to make it.

    Args:
        shown: makes the answer out of the new run's id.
    """

    def create() -> Answer:
        return shown(flora.runs.create(call, job, project, callback_url=callback_url))

    about = fingerprint([call.line, json.loads(body.model_dump_json())])
    answer = await flora.keys.once(call, about, create)
    if call.run_id is not None:
        flora.runs.begin(call.run_id)
    return answer
