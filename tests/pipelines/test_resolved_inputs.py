from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from florist.api.models import MediaKind, Technique
from florist.pipelines import (
    JoinedSource,
    OutputSource,
    Pipeline,
    PlannedStep,
    TextSource,
    UpstreamOutputError,
    plan,
    resolve_inputs,
)


class Made(NamedTuple):
    output_id: str
    type: MediaKind


IMAGE = Made("image", MediaKind.IMAGE)
TEXT = Made("text", MediaKind.TEXT)


@pytest.fixture
def step_with(
    loaded: Callable[[str], Pipeline], definitions: dict[str, Technique]
) -> Callable[[str, str], PlannedStep]:
    """Return a function that plans a step with this input after `voice`, whose outputs nobody declares."""

    def make(technique: str, value: str) -> PlannedStep:
        input_id = definitions[technique].inputs[0].id
        content = f"""\
            name: x
            steps:
              voice: {{technique: dub, inputs: {{prompt: x}}}}
              tried: {{technique: {technique}, inputs: {{{input_id}: "{value}"}}}}
            """
        return plan(loaded(content), {}, definitions).steps[-1]

    return make


@pytest.mark.parametrize(
    ("value", "outputs", "index"),
    [
        ("${steps.voice.output}", [IMAGE], 0),
        ("${steps.voice.outputs[1]}", [TEXT, IMAGE], 1),
        ("${steps.voice.outputs.image}", [TEXT, IMAGE, IMAGE], 1),
    ],
)
def test_reference_to_an_output_resolves_to_its_place(
    step_with: Callable[[str, str], PlannedStep], value: str, outputs: Sequence[Made], index: int
) -> None:
    (resolved,) = resolve_inputs(step_with("film", value), {"voice": outputs})
    assert (resolved.id, resolved.source) == ("image", OutputSource(step="voice", index=index))


@pytest.mark.parametrize(
    ("value", "outputs", "message"),
    [
        ("${steps.voice.output}", [], "brought: no outputs"),
        ("${steps.voice.output}", [IMAGE, IMAGE], "brought: outputs image, image"),
        ("${steps.voice.outputs[1]}", [IMAGE], "brought: outputs image"),
        ("${steps.voice.outputs.top}", [IMAGE], "brought: outputs image"),
        ("${steps.voice.output}", [TEXT], r"tried.image takes an image, but .* came as text"),
    ],
)
def test_reference_to_what_the_run_did_not_bring_is_told(
    step_with: Callable[[str, str], PlannedStep], value: str, outputs: Sequence[Made], message: str
) -> None:
    step = step_with("film", value)
    with pytest.raises(UpstreamOutputError, match=message):
        resolve_inputs(step, {"voice": outputs})


def test_text_with_outputs_in_it_is_joined_once_they_are_read(
    step_with: Callable[[str, str], PlannedStep],
) -> None:
    step = step_with("write", "a $${b} ${steps.voice.output}, ${steps.voice.outputs.text}$$")
    (resolved,) = resolve_inputs(step, {"voice": [TEXT]})
    assert isinstance(resolved.source, JoinedSource)
    assert resolved.source.joined(lambda output: f"<{output}>") == "a ${b} <voice[0]>, <voice[0]>$"


def test_literal_text_resolves_to_itself(step_with: Callable[[str, str], PlannedStep]) -> None:
    (resolved,) = resolve_inputs(step_with("write", "5 $ for $${x}"), {})
    assert resolved.source == TextSource(text="5 $ for ${x}")
