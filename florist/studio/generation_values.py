"""The inputs of a generation as its route takes them: `florist.ledger.generation_route` has their ids."""

import json
from collections.abc import Iterable, Iterator

from florist.api.catalogue import ModelParam
from florist.api.models import InputValue
from florist.ledger.generation_route import PARAM
from florist.pipelines.generations import PlannedGeneration, sent_setting
from florist.pipelines.models import PROMPT


def generation_values(generation: PlannedGeneration, values: Iterable[InputValue]) -> tuple[InputValue, ...]:
    """Return what is sent: the type, the prompt as it is, and every setting as JSON of the model's own type."""
    return (_text("type", generation.type), *_settings(generation, values))


def _settings(generation: PlannedGeneration, values: Iterable[InputValue]) -> Iterator[InputValue]:
    for value in values:
        if value.id == PROMPT:
            yield value
        else:
            param = ModelParam(name=value.id, type=generation.settings[value.id])
            yield _text(f"{PARAM}{value.id}", json.dumps(sent_setting(param, value.value)))


def _text(name: str, value: str) -> InputValue:
    return InputValue(id=name, type="text", value=value)
