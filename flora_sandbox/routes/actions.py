"""Actions: prebuilt edits."""

from fastapi import APIRouter
from fastapi.responses import Response

from flora_sandbox.calls import TheCall
from flora_sandbox.catalogue import ACTIONS, ActionDefinition
from flora_sandbox.routes.parts import (
    READ_ERRORS,
    WRITE_ERRORS,
    TheFlora,
    answered_briefly,
    as_answer,
    as_response,
    start_run,
)
from flora_sandbox.shapes import (
    ActionList,
    ActionParam,
    ActionRequest,
    ActionShape,
    ActionSlot,
    ParamChoice,
    StartedShape,
)
from flora_sandbox.techniques import action_job, action_named, checked_project

router = APIRouter()


@router.get("/actions", response_model=ActionList, responses=READ_ERRORS)
async def list_actions() -> Response:
    """List the actions."""
    return answered_briefly(ActionList(actions=[_shape(action) for action in ACTIONS]))


@router.get("/actions/{action_id}", response_model=ActionShape, responses=READ_ERRORS)
async def retrieve_action(action_id: str) -> Response:
    """Return an action's definition."""
    return answered_briefly(_shape(action_named(action_id)))


@router.post("/runs/action", response_model=StartedShape, responses=WRITE_ERRORS)
async def run_action(flora: TheFlora, call: TheCall, body: ActionRequest) -> Response:
    """Start an action."""
    project = checked_project(body.workspace_id, body.project_id)
    job = action_job(body, flora.settings)
    answer = await start_run(
        flora,
        call,
        body,
        job,
        project=project,
        shown=lambda run_id: as_answer(flora.views.started(flora.runs.stored(run_id))),
    )
    return as_response(answer)


def _shape(action: ActionDefinition) -> ActionShape:
    return ActionShape(
        action_id=action.action_id,
        name=action.name,
        description=action.description,
        language=action.language,
        charged_cost=float(action.charged_cost),
        inputs=[_slot(slot.name, slot.type, slot.optional, slot.multiple) for slot in action.inputs],
        outputs=[_slot(slot.name, slot.type, slot.optional, slot.multiple) for slot in action.outputs],
        params=[
            ActionParam(
                key=param.key,
                type=param.type,
                label=param.label,
                default_value=param.default_value,
                available_values=[ParamChoice(label=value, value=value) for value in param.available_values]
                or None,
                min_number_value=param.min_number_value,
                max_number_value=param.max_number_value,
            )
            for param in action.params
        ],
    )


def _slot(name: str, kind: str, optional: bool, multiple: bool) -> ActionSlot:
    return ActionSlot.model_validate(
        {"name": name, "type": kind, "optional": optional or None, "multiple": multiple or None}
    )
