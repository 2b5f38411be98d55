"""What FLORA's catalogues hold: models, workspaces, projects, actions.

Source: the contract, "Endpoints"; the types of FLORA's own SDK.
"""

from typing import Any, Literal

from pydantic import Field

from florist.api.models import FloraModel, spelled
from florist.api.wire_values import OptionalMoment, OptionalUsd, Words
from florist.frozen import FrozenModel
from florist.secrets import SignedUrl


class Choice(FloraModel):
    """One of the values a parameter may have; `value` is what is sent."""

    value: str
    label: Words = ""
    description: Words | None = None


class ModelParam(FloraModel):
    """One parameter a model takes; `type` is FLORA's word for it, e.g. `int?` or `seed`."""

    name: Words
    type: str
    required: bool = False
    default: Any = None
    description: Words | None = None
    label: Words | None = None
    max: float | None = None
    min: float | None = None
    options: tuple[Choice, ...] = ()


class Model(FloraModel):
    """A model a generation can name. `estimated_credits` is in credits, not dollars."""

    model_id: str
    name: Words = ""
    type: str = ""
    provider: Words = ""
    capabilities: tuple[str, ...] = ()
    estimated_credits: OptionalUsd = None
    estimated_seconds: float | None = None
    params: tuple[ModelParam, ...] = ()
    beta: bool = False


class Workspace(FloraModel):
    """A workspace the API key can reach."""

    workspace_id: str
    name: Words = ""
    role: Words = ""
    created_at: OptionalMoment = None


class Project(FloraModel):
    """A project of a workspace."""

    project_id: str
    name: Words = ""
    workspace_id: str | None = None
    origin: str | None = None
    created_at: OptionalMoment = None
    last_modified_at: OptionalMoment = Field(
        default=None, validation_alias=spelled("last_modified_at", "last_modified")
    )


class ActionSlot(FloraModel):
    """One input, or output, of an action. `multiple` is True for any number, or gives `min` and `max`."""

    name: Words
    type: str
    multiple: bool | dict[str, int] = False
    optional: bool = False


class ActionParam(FloraModel):
    """One setting of an action."""

    key: str
    type: str
    label: Words | None = None
    info_tooltip: Words | None = None
    default_value: Any = None
    available_values: tuple[Choice, ...] = ()
    min_number_value: float | None = None
    max_number_value: float | None = None
    number_step: float | None = None


class Action(FloraModel):
    """A prebuilt edit. `run_cost_usd` is in the list alone."""

    action_id: str
    name: Words = ""
    description: Words = ""
    language: Words = ""
    run_cost_usd: OptionalUsd = Field(default=None, validation_alias=spelled("run_cost_usd", "charged_cost"))
    inputs: tuple[ActionSlot, ...] = ()
    outputs: tuple[ActionSlot, ...] = ()
    params: tuple[ActionParam, ...] = ()


class ActionInput(FrozenModel):
    """One input of an action run: text, or a URL."""

    type: Literal["image", "video", "audio", "text"]
    text: str | None = Field(default=None, repr=False)
    url: SignedUrl | None = None
    name: str | None = None

    def wire(self) -> dict[str, str]:
        """Return it as FLORA takes it, the URL in the clear."""
        values = {
            "type": self.type,
            "text": self.text,
            "url": self.url.reveal() if self.url else None,
            "name": self.name,
        }
        return {name: value for name, value in values.items() if value is not None}
