"""Generations: plain calls of one model."""

from fastapi import APIRouter
from fastapi.responses import Response

from flora_sandbox.calls import Call, TheCall
from flora_sandbox.flora import Flora
from flora_sandbox.history import Filters
from flora_sandbox.routes.parts import (
    READ_ERRORS,
    WRITE_ERRORS,
    Cursor,
    Limit,
    TheFlora,
    as_answer,
    as_response,
    callback_checked,
    paged,
    start_run,
)
from flora_sandbox.shapes import GenerationPage, GenerationRequest, RunStatus, StartedShape
from flora_sandbox.techniques import checked_project, generation_job

router = APIRouter()


@router.post("/generate", response_model=StartedShape, responses=WRITE_ERRORS)
async def generate(flora: TheFlora, call: TheCall, body: GenerationRequest) -> Response:
    """Start a generation."""
    return await _started(flora, call, body)


@router.post("/runs/generation", response_model=StartedShape, responses=WRITE_ERRORS, deprecated=True)
async def start_generation(flora: TheFlora, call: TheCall, body: GenerationRequest) -> Response:
    """Start a generation, as older clients do."""
    return await _started(flora, call, body)


@router.get("/generations", response_model=GenerationPage, responses=READ_ERRORS)
async def list_generations(
    *,
    flora: TheFlora,
    call: TheCall,
    workspace_id: str | None = None,
    project_id: str | None = None,
    status: RunStatus | None = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the caller's generations, newest first."""
    await flora.runs.settle_due()
    filters = Filters("generation", workspace_id, project_id, None, status)
    page = flora.history.page(call, filters, limit=limit, cursor=cursor)
    return paged(flora, "generations", [flora.views.generation(row) for row in page.rows], page.meta)


async def _started(flora: Flora, call: Call, body: GenerationRequest) -> Response:
    project = checked_project(body.workspace_id, body.project_id)
    job = generation_job(body)
    callback_url = callback_checked(body.callback_url)
    answer = await start_run(
        flora,
        call,
        body,
        job,
        project=project,
        shown=lambda run_id: as_answer(flora.views.started(flora.runs.stored(run_id))),
        callback_url=callback_url,
    )
    return as_response(answer)
