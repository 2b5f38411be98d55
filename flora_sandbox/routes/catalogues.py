"""Models, workspaces and projects."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from flora_sandbox.catalogue import MODELS, PROJECTS, WORKSPACES
from flora_sandbox.pages import page_size, sliced
from flora_sandbox.routes.parts import READ_ERRORS, Cursor, Limit, TheFlora, answered, answered_briefly, paged
from flora_sandbox.shapes import (
    Meta,
    ModelList,
    ModelParam,
    ModelShape,
    ModelType,
    ParamChoice,
    ProjectPage,
    ProjectShape,
    WorkspaceList,
    WorkspaceShape,
)
from flora_sandbox.techniques import workspace_checked

router = APIRouter()


@router.get("/models", response_model=ModelList, responses=READ_ERRORS)
async def list_models(type: ModelType | None = None) -> Response:  # noqa: A002 - FLORA's name for it
    """List the models."""
    models = [
        ModelShape(
            model_id=model.model_id,
            name=model.name,
            type=model.type,
            provider=model.provider,
            capabilities=list(model.capabilities),
            estimated_credits=model.estimated_credits,
            estimated_seconds=model.estimated_seconds,
            beta=model.beta or None,
            params=[
                ModelParam(
                    name=param.name,
                    type=param.type,
                    required=param.required,
                    label=param.label or None,
                    default=param.default,
                    description=param.description or None,
                    options=[ParamChoice(label=option, value=option) for option in param.options] or None,
                )
                for param in model.params
            ],
        )
        for model in MODELS
        if type in (None, model.type)
    ]
    return answered_briefly(ModelList(models=models))


@router.get("/workspaces", response_model=WorkspaceList, responses=READ_ERRORS)
async def list_workspaces(flora: TheFlora) -> Response:
    """List the caller's workspaces."""
    workspaces = [
        WorkspaceShape(
            workspace_id=workspace.workspace_id,
            name=workspace.name,
            role=workspace.role,
            created_at=flora.views.moment(workspace.created_at / 1000),
        )
        for workspace in WORKSPACES
    ]
    return answered(WorkspaceList(workspaces=workspaces))


@router.get("/projects", response_model=ProjectPage, responses=READ_ERRORS)
async def list_projects(
    *,
    flora: TheFlora,
    workspace_id: str,
    query: Annotated[str, Query()] = "",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the projects of a workspace."""
    workspace_checked(workspace_id)
    projects = [
        ProjectShape(
            project_id=project.project_id,
            workspace_id=project.workspace_id,
            name=project.name,
            origin=project.origin,
            created_at=flora.views.moment(project.created_at / 1000),
            last_modified=flora.views.moment(project.last_modified / 1000) if project.last_modified else None,
        )
        for project in PROJECTS
        if project.workspace_id == workspace_id and query.lower() in project.name.lower()
    ]
    items, next_cursor = sliced(projects, cursor, page_size(limit, flora.settings))
    return paged(flora, "projects", list(items), Meta(next_cursor=next_cursor), briefly=False)
