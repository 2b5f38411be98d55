"""Techniques, models and actions by the names they are called, and the jobs they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flora_sandbox.catalogue import (
    ACTIONS,
    MODELS,
    PROJECTS,
    TECHNIQUES,
    WORKSPACES,
    ActionDefinition,
    TechniqueDefinition,
)
from flora_sandbox.jobs import Given, Job
from flora_sandbox.media import Kind
from flora_sandbox.problems import forbidden, invalid, not_found
from flora_sandbox.settings import Settings
from flora_sandbox.shapes import ActionInput, ActionRequest, GenerationRequest
from flora_sandbox.validation import checked_media

_BY_NAME = {name: technique for technique in TECHNIQUES for name in (technique.technique_id, technique.slug)}
_ACTIONS = {action.action_id: action for action in ACTIONS}
_MODELS = {model.model_id: model for model in MODELS}
_WORKSPACES = {workspace.workspace_id for workspace in WORKSPACES}
_PROJECTS = {project.project_id: project for project in PROJECTS}
_KINDS: dict[str, Kind] = {"image": "imageUrl", "video": "videoUrl", "audio": "audioUrl", "text": "text"}


@dataclass(frozen=True)
class ProjectIds:
    """The project a run belongs to, and its workspace."""

    workspace_id: str
    project_id: str


def technique_named(name: str) -> TechniqueDefinition:
    """Return a technique by id or slug.

    Raises:
        Problem: 404.
    """
    if name not in _BY_NAME:
        raise not_found()
    return _BY_NAME[name]


def names_in_path(line: str) -> tuple[str, ...]:
    """Return id and slug of the technique a request line is about, if it names one."""
    parts = line.split("/")
    technique = _BY_NAME.get(parts[2]) if len(parts) > 2 and parts[1] == "techniques" else None
    return (technique.technique_id, technique.slug) if technique else ()


def names_of(technique_id: str | None) -> tuple[str, ...]:
    """Return id and slug of a technique; of anything else its id alone."""
    if technique_id is None:
        return ()
    technique = _BY_NAME.get(technique_id)
    return (technique_id, technique.slug) if technique else (technique_id,)


def action_named(action_id: str) -> ActionDefinition:
    """Return an action.

    Raises:
        Problem: 404.
    """
    if action_id not in _ACTIONS:
        raise not_found()
    return _ACTIONS[action_id]


def workspace_checked(workspace_id: str) -> str:
    """Return the id of a workspace the caller may use.

    Raises:
        Problem: 400, it is no workspace id; 403, it is not the caller's.
    """
    if not workspace_id.startswith("ws_"):
        raise invalid(("workspace_id", "Must start with ws_"))
    if workspace_id not in _WORKSPACES:
        raise forbidden()
    return workspace_id


def checked_project(workspace_id: str, project_id: str) -> ProjectIds:
    """Return the project of a run. Both spellings of a project's prefix are known: the pages disagree.

    Raises:
        Problem: 400, one is no such id; 403, the workspace is not the caller's; 404, it has no such project.
    """
    workspace_checked(workspace_id)
    prefix, _, rest = project_id.partition("_")
    if prefix not in ("prj", "proj"):
        raise invalid(("project_id", "Must start with prj_"))
    project = _PROJECTS.get(f"prj_{rest}")
    if project is None or project.workspace_id != workspace_id:
        raise not_found("Project not found.")
    return ProjectIds(workspace_id, project.project_id)


def default_project(workspace_id: str | None = None) -> ProjectIds:
    """Return the project of a run that names none: the first one of the workspace, or of all."""
    projects = [project for project in PROJECTS if workspace_id in (None, project.workspace_id)]
    return ProjectIds(projects[0].workspace_id, projects[0].project_id)


def price_of(technique: TechniqueDefinition, settings: Settings) -> Decimal:
    """Return what a run costs, in USD."""
    return settings.prices.get(technique.slug, technique.run_cost)


def technique_job(technique: TechniqueDefinition, given: tuple[Given, ...], settings: Settings) -> Job:
    """Return the job of a technique run."""
    return Job(
        kind="technique",
        subject_id=technique.technique_id,
        subject_name=technique.name,
        recipe=technique.recipe,
        given=given,
        run_cost_usd=price_of(technique, settings),
        seconds=technique.seconds,
        failure=technique.failure,
    )


def generation_job(request: GenerationRequest) -> Job:
    """Return the job of a generation; parameters reach the recipe as texts.

    Raises:
        Problem: 400, there is no such model of this type, or a parameter is unknown.
    """
    models = [model for model in MODELS if model.type == request.type]
    model = _MODELS.get(request.model) if request.model is not None else models[0]
    if model is None or model.type != request.type:
        raise invalid(("model", f"Unknown {request.type} model"))
    params = request.params or {}
    known = {param.name for param in model.params}
    unknown = [(f"params.{name}", "Unknown parameter") for name in params if name not in known]
    if unknown:
        raise invalid(*unknown)
    texts = tuple(Given(name, "text", str(value)) for name, value in params.items() if value is not None)
    return Job(
        kind="generation",
        subject_id=model.model_id,
        subject_name=model.name,
        recipe=model.recipe,
        given=(Given("prompt", "text", request.prompt), *texts),
        run_cost_usd=model.run_cost,
        seconds=model.estimated_seconds,
    )


def action_job(request: ActionRequest, settings: Settings) -> Job:
    """Return the job of an action run.

    Raises:
        Problem: 400, its inputs or parameters do not fit; 404, there is no such action.
    """
    action = action_named(request.action_id)
    given = tuple(_action_input(number, item) for number, item in enumerate(request.inputs))
    known = {param.key for param in action.params}
    notes = [(f"params.{key}", "Unknown parameter") for key in request.params or {} if key not in known]
    notes += _slot_notes(action, request.inputs)
    notes += [(one.id, "Required") for one in given if not one.value]
    notes += checked_media((one for one in given if one.value), settings)
    if notes:
        raise invalid(*notes)
    return Job(
        kind="action",
        subject_id=action.action_id,
        subject_name=action.name,
        recipe=action.action_id,
        given=given,
        run_cost_usd=action.charged_cost,
        seconds=action.seconds,
        params=request.params or {},
    )


def _action_input(number: int, item: ActionInput) -> Given:
    value = item.text if item.type == "text" else item.url
    return Given(f"inputs.{number}", _KINDS[item.type], value or "")


def _slot_notes(action: ActionDefinition, items: Sequence[ActionInput]) -> list[tuple[str, str]]:
    notes = []
    types = {slot.type for slot in action.inputs}
    notes += [(f"inputs.{n}", f"Unexpected {item.type}") for n, item in enumerate(items) if item.type not in types]
    for slot in action.inputs:
        count = sum(item.type == slot.type for item in items)
        if not count and not slot.optional:
            notes.append(("inputs", f"{slot.name}: Required"))
        elif count > 1 and not slot.multiple:
            notes.append(("inputs", f"{slot.name}: Takes one value"))
    return notes
