"""What FLORA sends: runs, outputs, techniques.

Both spellings are read (`run_id` and `runId`); fields not known yet are kept in `model_extra`, within this
process only: nobody knows what they hold, so they are left out of repr, dumps and pickles.

Source: the contract, "A run" and "Starting a run".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

from florist.api.wire_values import Id, OptionalMoment, OptionalNumber, OptionalUsd, ShownText, Text, Words
from florist.frozen import FrozenModel
from florist.secrets import SignedUrl


def spelled(*names: str) -> Any:
    """Return the aliases of a field whose name on the wire is not ours, each in both spellings."""
    return AliasChoices(*(spelling for name in names for spelling in (name, to_camel(name))))


class FloraModel(BaseModel):
    """An answer of FLORA's: immutable, both spellings, unknown fields kept out of sight."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # a signed URL that does not validate must not be printed either
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, to_camel(name))),
    )

    def __repr_args__(self) -> Any:
        return [(name, value) for name, value in super().__repr_args__() if name in type(self).model_fields]

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "__pydantic_extra__": {}}

    @model_serializer(mode="wrap")
    def _known_fields_alone(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if name in type(self).model_fields}


class MediaKind(StrEnum):
    """What an input takes or an output is, in FLORA's words."""

    IMAGE = "imageUrl"
    VIDEO = "videoUrl"
    AUDIO = "audioUrl"
    TEXT = "text"
    DOCUMENT = "documentUrl"


SENDABLE_KINDS = frozenset({MediaKind.TEXT, MediaKind.IMAGE, MediaKind.VIDEO})
"""The kinds the nested route takes; a technique that requires another cannot be run with a plain value."""


class RunStatus(StrEnum):
    """Where a run stands at FLORA. Example: docs/client.md, "Waiting"."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """Whether the run will not change any more."""
        return self in (RunStatus.COMPLETED, RunStatus.FAILED)


GenerationType = Literal["image", "video", "audio", "text"]
"""What a generation makes, in FLORA's words."""


class Output(FloraModel):
    """One thing a run made: a signed URL, or text.

    Exactly one of `url` and `text` is set. FLORA sends both in its field `url`; `type` says which it is, save
    that a text which is nothing but an https URL is kept as `url`, to be fetched.

    Example: docs/client.md, "Saving".
    """

    output_id: Words
    type: MediaKind
    url: SignedUrl | None = None
    text: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _text_apart_from_url(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.get("type") != MediaKind.TEXT:
            return data
        value = data.get("url")
        if not isinstance(value, str) or _is_lone_url(value):
            return data
        return {**data, "url": None, "text": value}


class TechniqueRef(FloraModel):
    """The technique a history item names."""

    technique_id: Id
    name: Words = ""


class ModelRef(FloraModel):
    """The model a generation names."""

    model_id: str | None = None


class ActionRef(FloraModel):
    """The action a run of one names."""

    action_id: str


class Run(FloraModel):
    """One remote execution at FLORA.

    `outputs` is empty until the run is `completed`, and on history items that leave it out: then
    `has_outputs` is False and one retrieve of the run brings them. `charged_usd` is final once the run
    is terminal.

    Example: docs/client.md, "Waiting".
    """

    run_id: Id = Field(validation_alias=spelled("run_id", "technique_run_id", "generation_id", "id"))
    status: RunStatus
    progress: OptionalNumber = 0
    created_at: OptionalMoment = None
    started_at: OptionalMoment = None
    completed_at: OptionalMoment = None
    charged_usd: OptionalUsd = Field(default=None, validation_alias=spelled("charged_usd", "charged_cost"))
    error_code: ShownText | None = None
    error_message: ShownText | None = None
    outputs: tuple[Output, ...] = ()
    poll_url: str | None = None
    technique: TechniqueRef | None = None
    model: ModelRef | None = None
    workspace_id: str | None = None
    project_id: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_outputs_are_none(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("outputs", ()) is None:
            return {name: value for name, value in data.items() if name != "outputs"}
        return data

    @property
    def is_finished(self) -> bool:
        """Whether the run is `completed` or `failed`."""
        return self.status.is_terminal

    @property
    def subject_id(self) -> str | None:
        """What was run: the id of its technique or, of a generation, of its model."""
        if self.technique is not None:
            return self.technique.technique_id
        return self.model.model_id if self.model else None

    @property
    def has_outputs(self) -> bool:
        """Whether this answer brought the outputs themselves, with URLs that can still be opened."""
        return bool(self.outputs) and not any(output.url and output.url.is_dropped for output in self.outputs)


class StartedRun(FloraModel):
    """What the top-level routes answer: a run that has begun, without its status.

    `reserved_usd` is what FLORA says it will charge; it is final only once the run is terminal, and failed
    runs are not charged.
    """

    run_id: Id = Field(validation_alias=spelled("run_id", "id"))
    type: str = ""
    reserved_usd: OptionalUsd = Field(default=None, validation_alias=spelled("reserved_usd", "charged_cost"))
    estimated_seconds: OptionalNumber = None
    poll_url: str | None = None
    project_id: str | None = None
    workflow_run_id: str | None = None
    model: ModelRef | None = None
    technique: TechniqueRef | None = None
    action: ActionRef | None = None


class TechniqueInput(FloraModel):
    """One declared input, or output, of a technique."""

    id: Words
    name: Words = ""
    type: MediaKind
    description: Words | None = None
    optional: bool = False
    allow_multiple: bool = False
    accepts_element: bool = False
    specified_aspect_ratio: str | None = None
    specified_duration: float | None = None

    @property
    def is_sendable(self) -> bool:
        """Whether the API can be given a value for it at all."""
        return self.type in SENDABLE_KINDS and not self.accepts_element


class Technique(FloraModel):
    """A technique's definition: what it takes, what it makes, what one run costs.

    `run_cost_usd` is None where FLORA told only `runCost`, which an older page counts in credits: that number
    is `run_cost_credits`, and never dollars.

    Example: docs/client.md, "Inputs".
    """

    technique_id: Id
    name: Words
    description: Words | None = None
    run_cost_usd: OptionalUsd = Field(default=None, validation_alias=AliasChoices("run_cost_usd", "run_cost"))
    run_cost_credits: OptionalUsd = Field(
        default=None, validation_alias=AliasChoices("run_cost_credits", "runCost")
    )
    inputs: tuple[TechniqueInput, ...] = ()
    outputs: tuple[TechniqueInput, ...] = ()
    slug: Words | None = None


class InputValue(FrozenModel):
    """One input as the nested route takes it. Example: docs/client.md, "Inputs"."""

    id: str
    type: Literal["text", "imageUrl", "videoUrl"]
    value: str = Field(repr=False)


def _is_lone_url(text: str) -> bool:
    return text.startswith("https://") and not any(character.isspace() for character in text.strip())
