"""Techniques: catalogue, definition, runs of one."""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from flora_sandbox.calls import TheCall
from flora_sandbox.catalogue import TECHNIQUES, FieldDefinition, TechniqueDefinition
from flora_sandbox.idempotency import Answer
from flora_sandbox.pages import page_size, sliced
from flora_sandbox.problems import not_found
from flora_sandbox.routes.parts import (
    READ_ERRORS,
    WRITE_ERRORS,
    Cursor,
    Limit,
    TheFlora,
    answered_briefly,
    as_answer,
    as_response,
    callback_checked,
    paged,
    start_run,
)
from flora_sandbox.settings import Settings
from flora_sandbox.shapes import FieldShape, Meta, RunRequest, RunShape, TechniquePage, TechniqueShape
from flora_sandbox.techniques import (
    default_project,
    price_of,
    technique_job,
    technique_named,
    workspace_checked,
)
from flora_sandbox.validation import given_inputs

router = APIRouter()


@router.get("/techniques", response_model=TechniquePage, responses=READ_ERRORS)
async def list_techniques(
    *,
    flora: TheFlora,
    workspace_id: str | None = None,
    query: Annotated[str, Query()] = "",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the techniques on offer."""
    if workspace_id is not None:
        workspace_checked(workspace_id)
    found = [
        technique for technique in TECHNIQUES if query.lower() in f"{technique.name} {technique.slug}".lower()
    ]
    items, next_cursor = sliced(found, cursor, page_size(limit, flora.settings))
    return paged(
        flora, "techniques", [_shape(item, flora.settings) for item in items], Meta(next_cursor=next_cursor)
    )


@router.get("/techniques/{technique}", response_model=TechniqueShape, responses=READ_ERRORS)
async def retrieve_technique(flora: TheFlora, technique: str) -> Response:
    """Return a technique's definition, by id or slug."""
    return answered_briefly(_shape(technique_named(technique), flora.settings))


@router.post("/techniques/{technique}/runs", response_model=RunShape, responses=WRITE_ERRORS)
async def create_run(flora: TheFlora, call: TheCall, technique: str, body: RunRequest) -> Response:
    """Start a run of a technique."""
    definition = technique_named(technique)
    given = given_inputs(definition, body.inputs, flora.settings)
    callback_url = callback_checked(body.callback_url)
    call.technique_id = definition.technique_id
    call.idempotency_key = call.idempotency_key or body.idempotency_key

    def shown(run_id: str) -> Answer:
        run = flora.views.created(flora.runs.stored(run_id), technique=technique)
        return _streamed(run) if body.mode == "stream" and flora.settings.stream == "events" else as_answer(run)

    job = technique_job(definition, given, flora.settings)
    answer = await start_run(
        flora,
        call,
        body,
        job,
        project=default_project(),
        shown=shown,
        callback_url=callback_url,
    )
    return as_response(answer)


@router.get("/techniques/{technique}/runs/{run_id}", response_model=RunShape, responses=READ_ERRORS)
async def retrieve_run(flora: TheFlora, call: TheCall, technique: str, run_id: str) -> Response:
    """Return a run of this technique."""
    definition = technique_named(technique)
    row = await flora.runs.retrieve(call, run_id, kind="technique")
    if row["subject_id"] != definition.technique_id:
        raise not_found()
    return answered_briefly(flora.views.run(row, technique=technique))


def _streamed(run: RunShape) -> Answer:
    """Return a run as one server-sent event: FLORA publishes no format for it (assumed)."""
    event = f"event: run\ndata: {json.dumps(run.model_dump(exclude_none=True))}\n\n"
    return Answer(200, event.encode(), "text/event-stream")


def _shape(technique: TechniqueDefinition, settings: Settings) -> TechniqueShape:
    return TechniqueShape(
        technique_id=technique.technique_id,
        slug=technique.slug,
        name=technique.name,
        description=technique.description,
        run_cost=float(price_of(technique, settings)),
        inputs=[_field(field) for field in technique.inputs],
        outputs=[_field(field) for field in technique.outputs],
    )


def _field(field: FieldDefinition) -> FieldShape:
    return FieldShape(
        id=field.id,
        name=field.name,
        type=field.type,
        description=field.description or None,
        optional=field.optional or None,
        allow_multiple=field.allow_multiple or None,
        accepts_element=field.accepts_element or None,
    )
