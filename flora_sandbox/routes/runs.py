"""Top-level runs: start by technique id, poll any run, history of technique runs."""

from fastapi import APIRouter
from fastapi.responses import Response

from flora_sandbox.calls import TheCall
from flora_sandbox.history import Filters
from flora_sandbox.problems import invalid
from flora_sandbox.routes.parts import (
    READ_ERRORS,
    WRITE_ERRORS,
    Cursor,
    Limit,
    TheFlora,
    answered_briefly,
    as_answer,
    as_response,
    paged,
    start_run,
)
from flora_sandbox.shapes import RunShape, RunStatus, StartedShape, TechniqueRunPage, TechniqueRunRequest
from flora_sandbox.techniques import default_project, technique_job, technique_named, workspace_checked
from flora_sandbox.validation import mapped_inputs

router = APIRouter()


@router.post("/runs/technique", response_model=StartedShape, responses=WRITE_ERRORS)
async def start_technique(flora: TheFlora, call: TheCall, body: TechniqueRunRequest) -> Response:
    """Start a run by technique id, its inputs as a map."""
    if not body.technique_id.startswith("tech_"):
        raise invalid(("technique_id", "Must start with tech_"))
    workspace_id = workspace_checked(body.workspace_id)
    definition = technique_named(body.technique_id)
    given = mapped_inputs(definition, body.inputs, flora.settings)
    job = technique_job(definition, given, flora.settings)
    call.technique_id = definition.technique_id
    answer = await start_run(
        flora,
        call,
        body,
        job,
        project=default_project(workspace_id),
        shown=lambda run_id: as_answer(flora.views.started(flora.runs.stored(run_id))),
    )
    return as_response(answer)


@router.get("/runs/{run_id}", response_model=RunShape, responses=READ_ERRORS)
async def retrieve_run(flora: TheFlora, call: TheCall, run_id: str) -> Response:
    """Return a run of any kind."""
    return answered_briefly(flora.views.run(await flora.runs.retrieve(call, run_id)))


@router.get("/technique-runs", response_model=TechniqueRunPage, responses=READ_ERRORS)
async def list_runs(
    *,
    flora: TheFlora,
    call: TheCall,
    workspace_id: str | None = None,
    project_id: str | None = None,
    technique_id: str | None = None,
    status: RunStatus | None = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the caller's technique runs, newest first."""
    await flora.runs.settle_due()
    filters = Filters("technique", workspace_id, project_id, technique_id, status)
    page = flora.history.page(call, filters, limit=limit, cursor=cursor)
    return paged(flora, "technique_runs", [flora.views.technique_run(row) for row in page.rows], page.meta)
