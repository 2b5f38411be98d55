"""The JSON of FLORA's routes, as its client's types and its pages state it.

Source: the contract, "Endpoints", "Starting a run", "A run".
"""

from typing import Literal

from pydantic import BaseModel, Field, JsonValue

Number = int | float
RunStatus = Literal["pending", "running", "completed", "failed"]
Kind = Literal["imageUrl", "videoUrl", "audioUrl", "text", "documentUrl"]
ModelType = Literal["image", "video", "audio", "text"]
RunType = Literal["generation", "technique", "action"]
AssetStatus = Literal["pending_upload", "ready", "failed"]


class InputItem(BaseModel):
    """One input on the nested route."""

    id: str
    type: Literal["text", "imageUrl", "videoUrl"]
    value: str


class RunRequest(BaseModel):
    """Body of `POST /techniques/{technique}/runs`."""

    inputs: list[InputItem] = Field(min_length=1)
    mode: Literal["async", "stream"]
    callback_url: str | None = None
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=255)


class TechniqueRunRequest(BaseModel):
    """Body of `POST /runs/technique`."""

    technique_id: str
    workspace_id: str
    inputs: dict[str, JsonValue]


class GenerationRequest(BaseModel):
    """Body of `POST /generate` and `POST /runs/generation`."""

    type: ModelType
    prompt: str = Field(min_length=1)
    workspace_id: str
    project_id: str
    model: str | None = None
    params: dict[str, JsonValue] | None = None
    callback_url: str | None = None


class ActionInput(BaseModel):
    """One input of an action."""

    type: ModelType
    name: str | None = None
    text: str | None = None
    url: str | None = None


class ActionRequest(BaseModel):
    """Body of `POST /runs/action`."""

    action_id: str
    workspace_id: str
    project_id: str
    inputs: list[ActionInput] = Field(min_length=1)
    params: dict[str, JsonValue] | None = None


class AssetRequest(BaseModel):
    """JSON body of `POST /assets`."""

    source: str
    workspace_id: str
    content_type: str | None = None
    file_name: str | None = None
    folder: str | None = None
    project_id: str | None = None


class OutputShape(BaseModel):
    """One output of a run; `url` is the text itself for a text."""

    output_id: str
    type: Kind
    url: str


class RunShape(BaseModel):
    """A run as its own route tells it."""

    run_id: str
    status: RunStatus
    progress: Number
    created_at: Number
    started_at: Number | None = None
    completed_at: Number | None = None
    charged_cost: Number | None = None
    error_code: str | None = None
    error_message: str | None = None
    outputs: list[OutputShape] | None = None
    poll_url: str | None = None


class TechniqueRef(BaseModel):
    """The technique a run is of."""

    technique_id: str
    name: str


class ModelRef(BaseModel):
    """The model a generation is of."""

    model_id: str


class ActionRef(BaseModel):
    """The action a run is of."""

    action_id: str


class TechniqueRunShape(RunShape):
    """A run as history tells it."""

    technique_run_id: str
    project_id: str
    workspace_id: str
    technique: TechniqueRef


class GenerationShape(RunShape):
    """A generation as its history tells it."""

    generation_id: str
    project_id: str
    workspace_id: str
    model: ModelRef


class StartedShape(BaseModel):
    """What the top-level routes answer to a start: no status."""

    run_id: str
    type: RunType
    charged_cost: Number
    estimated_seconds: Number | None
    project_id: str
    poll_url: str
    technique: TechniqueRef | None = None
    model: ModelRef | None = None
    action: ActionRef | None = None


class Meta(BaseModel):
    """Where a list goes on. The last page's cursor is null, missing or empty."""

    next_cursor: str | None = None
    total_estimate: int | None = None


class TechniqueRunPage(BaseModel):
    """A page of `GET /technique-runs`."""

    technique_runs: list[TechniqueRunShape]
    meta: Meta


class GenerationPage(BaseModel):
    """A page of `GET /generations`."""

    generations: list[GenerationShape]
    meta: Meta


class FieldShape(BaseModel):
    """One declared input or output of a technique."""

    id: str
    name: str
    type: Kind
    description: str | None = None
    optional: bool | None = None
    allow_multiple: bool | None = None
    accepts_element: bool | None = None


class TechniqueShape(BaseModel):
    """A technique's definition."""

    technique_id: str
    slug: str
    name: str
    description: str | None = None
    run_cost: Number
    inputs: list[FieldShape]
    outputs: list[FieldShape]


class TechniquePage(BaseModel):
    """A page of `GET /techniques`."""

    techniques: list[TechniqueShape]
    meta: Meta


class ParamChoice(BaseModel):
    """One value a parameter may have."""

    label: str
    value: str


class ModelParam(BaseModel):
    """One parameter of a model."""

    name: str
    type: str
    required: bool
    label: str | None = None
    default: JsonValue = None
    description: str | None = None
    options: list[ParamChoice] | None = None


class ModelShape(BaseModel):
    """One model."""

    model_id: str
    name: str
    type: ModelType
    provider: str
    capabilities: list[str]
    estimated_credits: Number
    estimated_seconds: Number
    beta: bool | None = None
    params: list[ModelParam]


class ModelList(BaseModel):
    """Answer of `GET /models`."""

    models: list[ModelShape]


class WorkspaceShape(BaseModel):
    """One workspace."""

    workspace_id: str
    name: str
    role: str
    created_at: Number | None


class WorkspaceList(BaseModel):
    """Answer of `GET /workspaces`."""

    workspaces: list[WorkspaceShape]


class ProjectShape(BaseModel):
    """One project."""

    project_id: str
    workspace_id: str
    name: str
    origin: str | None
    created_at: Number
    last_modified: Number | None


class ProjectPage(BaseModel):
    """A page of `GET /projects`."""

    projects: list[ProjectShape]
    meta: Meta


class ActionSlot(BaseModel):
    """One input or output of an action."""

    name: str
    type: ModelType
    optional: bool | None = None
    multiple: bool | None = None


class ActionParam(BaseModel):
    """One parameter of an action."""

    key: str
    type: str
    label: str | None = None
    default_value: JsonValue = None
    available_values: list[ParamChoice] | None = None
    min_number_value: Number | None = None
    max_number_value: Number | None = None


class ActionShape(BaseModel):
    """One action."""

    action_id: str
    name: str
    description: str
    language: Literal["javascript", "python"]
    charged_cost: Number
    inputs: list[ActionSlot]
    outputs: list[ActionSlot]
    params: list[ActionParam]


class ActionList(BaseModel):
    """Answer of `GET /actions`."""

    actions: list[ActionShape]


class UploadTarget(BaseModel):
    """Where, and how, the bytes of a large asset go."""

    method: Literal["POST"] = "POST"
    url: str
    content_type: Literal["multipart/form-data"] = "multipart/form-data"
    file_field: Literal["file"] = "file"
    form_fields: dict[str, str]


class AssetReceipt(BaseModel):
    """What creating, completing and retrying an asset answer."""

    asset_id: str
    status: AssetStatus
    url: str | None
    visibility: Literal["workspace"] = "workspace"
    workspace_id: str
    uploaded_via: str
    expires_at: str | None = None
    upload: UploadTarget | None = None
    upload_url: str | None = None
    failure_message: str | None = None


class AssetShape(BaseModel):
    """One asset."""

    asset_id: str
    status: AssetStatus
    url: str | None
    content_type: str
    upload_content_type: str | None
    uploaded_via: str
    name: str | None
    description: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    workspace_id: str
    project_id: str | None
    created_at: str
    failure_message: str | None


class AssetItem(BaseModel):
    """One asset as the list tells it."""

    asset_id: str
    status: AssetStatus
    url: str | None
    content_type: str
    upload_content_type: str | None
    uploaded_via: str
    name: str | None
    description: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    workspace_id: str
    project_id: str | None
    created_at: Number


class AssetPage(BaseModel):
    """A page of `GET /assets`."""

    assets: list[AssetItem]
    meta: Meta
