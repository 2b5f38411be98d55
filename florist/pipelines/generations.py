"""Generations as steps: a model held against what a pipeline gives it, as a technique is.

A model takes a prompt and its own settings, and makes one output of its type. Settings are texts in a pipeline;
`sent_setting` says what FLORA is sent.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from florist.api.catalogue import Model, ModelParam
from florist.api.models import GenerationType, MediaKind, Technique, TechniqueInput
from florist.frozen import FrozenModel
from florist.pipelines.axes import list_items
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.models import PROMPT, Generation, Step
from florist.pipelines.problems import FieldPath
from florist.pipelines.sources import KIND_NAMES
from florist.wording import did_you_mean, quoted

OUTPUT_KINDS: Mapping[str, MediaKind] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "text": MediaKind.TEXT,
}
"""What a generation of each of FLORA's types makes."""

_NUMBERS: Mapping[str, Callable[[str], int | float]] = {"int": int, "int?": int, "seed": int, "float": float}


class PlannedGeneration(FrozenModel):
    """What tells a step that is a generation from a technique's run.

    Attributes:
        settings: FLORA's word for the type of each setting that the model has, by its name.
    """

    model: str
    type: GenerationType
    settings: Mapping[str, str] = {}


class ModelDefinition(Technique):
    """A model in the shape of a technique. FLORA tells no price of it in dollars."""

    model: Model


def model_definition(model: Model) -> ModelDefinition:
    """Return what a generation by this model takes and makes."""
    settings = (
        TechniqueInput(id=param.name, type=MediaKind.TEXT, optional=not param.required)
        for param in model.params
        if param.name != PROMPT
    )
    kind = OUTPUT_KINDS.get(model.type)
    return ModelDefinition(
        technique_id=model.model_id,
        name=model.name or model.model_id,
        inputs=(TechniqueInput(id=PROMPT, type=MediaKind.TEXT), *settings),
        outputs=(TechniqueInput(id="output", type=kind),) if kind else (),
        model=model,
    )


def planned_generation(generation: Generation | None, definition: Technique) -> PlannedGeneration | None:
    """Return what tells the step's run from a technique's; None where it is a technique's."""
    if generation is None or not isinstance(definition, ModelDefinition):
        return None
    settings = {param.name: param.type for param in definition.model.params}
    return PlannedGeneration(model=generation.model, type=generation.type, settings=settings)


def generation_faults(step: Step, definition: Technique) -> Iterator[tuple[FieldPath, str]]:
    """Yield what is wrong with a generation whatever its inputs are, with the place below its step."""
    made = {output.type for output in definition.outputs}
    if step.generation and made and OUTPUT_KINDS[step.generation.type] not in made:
        found = ", ".join(KIND_NAMES[kind] for kind in made)
        wanted = KIND_NAMES[OUTPUT_KINDS[step.generation.type]]
        yield ("generation", "type"), f"{quoted(step.named)} makes {found}, not {wanted}"
    if definition.run_cost_usd is None and step.ceiling_usd is None:
        message = 'FLORA tells no price of a model in dollars; write "ceiling_usd", what one run may cost at most'
        yield (), message


def sent_setting(param: ModelParam, text: str) -> object:
    """Return a setting as FLORA is sent it.

    Raises:
        UnusableValueError: the model does not take it; the message says why, not of which setting.
    """
    choices = [choice.value for choice in param.options]
    if choices or param.type != "string":
        text = text.strip()
    value = _read(param, text)
    if choices and text not in choices:
        raise UnusableValueError(f"{quoted(text)} is none of its choices{did_you_mean(text, choices)}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if param.min is not None and value < param.min:
            raise UnusableValueError(f"{quoted(text)} is below {Decimal(str(param.min)).normalize():f}")
        if param.max is not None and value > param.max:
            raise UnusableValueError(f"{quoted(text)} is above {Decimal(str(param.max)).normalize():f}")
    return value


def _read(param: ModelParam, text: str) -> object:
    if param.type in _NUMBERS:
        try:
            number = _NUMBERS[param.type](text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UnusableValueError(f"{quoted(text)} is no {param.type.rstrip('?')}")
        return number
    if param.type == "bool":
        if text not in ("true", "false"):
            raise UnusableValueError(f'{quoted(text)} is neither "true" nor "false"')
        return text == "true"
    if param.type == "dict":
        raise UnusableValueError("a mapping cannot be given in a pipeline; leave it out")
    return list(list_items(text)) if param.type == "string[]" else text
