from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from florist.api.catalogue import Model
from florist.api.models import Technique
from florist.pipelines import Pipeline, Plan, PlanError, TextSource, plan
from florist.pipelines.generations import PlannedGeneration, model_definition, sent_setting

FLUX = Model.model_validate(
    {
        "model_id": "flux",
        "name": "Flux",
        "type": "image",
        "params": [
            {"name": "aspect_ratio", "type": "string", "options": [{"value": "1:1"}, {"value": "16:9"}]},
            {"name": "seed", "type": "seed", "min": 0, "max": 9},
            {"name": "style", "type": "string"},
            {"name": "strength", "type": "float"},
            {"name": "raw", "type": "bool"},
            {"name": "tags", "type": "string[]"},
            {"name": "extra", "type": "dict"},
        ],
    }
)
STEP = """\
name: x
params: {{idea: {{default: a barn}}, tones: {{list: true, default: "calm, loud"}}}}
steps:
  start:
    generation: {generation}
    {more}
  film: {{technique: film, inputs: {{image: "${{steps.start.output}}"}}}}
"""
WHOLE = 'model: flux, type: image, prompt: "Paint ${params.idea}"'


@pytest.fixture
def planned(loaded: Callable[[str], Pipeline], definitions: dict[str, Technique]) -> Callable[..., Plan]:
    known = {**definitions, "models/flux": model_definition(FLUX)}

    def plan_step(generation: str, more: str = "ceiling_usd: 0.2", **params: object) -> Plan:
        return plan(loaded(STEP.format(generation=f"{{{generation}}}", more=more)), params, known)

    return plan_step


@pytest.fixture
def problem(planned: Callable[..., Plan]) -> Callable[..., str]:
    def plan_step(*step: str) -> str:
        with pytest.raises(PlanError) as caught:
            planned(*step)
        [found] = caught.value.problems
        return f"{found.field}: {found.message}"

    return plan_step


def test_generation_is_planned_as_a_step_that_tells_its_route_and_its_ceiling(
    planned: Callable[..., Plan],
) -> None:
    start, film = planned(f'{WHOLE}, params: {{seed: "7", aspect_ratio: "16:9"}}').steps
    assert start.generation
    assert (start.generation.model, start.generation.type) == ("flux", "image")
    assert (start.technique, start.technique_id, start.technique_name) == ("flux", "flux", "Flux")
    assert (start.price_usd, start.ceiling_usd) == (None, Decimal("0.2"))
    assert {entry.id: entry.value for entry in start.inputs} == {
        "prompt": TextSource(text="Paint a barn"),
        "aspect_ratio": TextSource(text="16:9"),
        "seed": TextSource(text="7"),
    }
    assert (film.generation, film.needs) == (None, ("start",))


def test_generation_takes_axes_and_variations_as_any_step(planned: Callable[..., Plan]) -> None:
    generation = 'model: flux, type: image, prompt: "${for.tone}"'
    made = planned(generation, 'ceiling_usd: 1\n    variations: 2\n    for: {tone: "${params.tones}"}')
    assert [step.name for step in made.steps if step.step == "film"] == [
        "film@calm", "film@calm@start-v2", "film@loud", "film@loud@start-v2",
    ]  # fmt: skip


def test_generation_survives_json_in_its_plan(planned: Callable[..., Plan]) -> None:
    made = planned(WHOLE)
    assert Plan.model_validate_json(made.model_dump_json()) == made
    assert isinstance(made.steps[0].generation, PlannedGeneration)


@pytest.mark.parametrize(
    ("generation", "more", "expected"),
    [
        ("model: flix, type: image, prompt: x", "ceiling_usd: 1",
         'steps.start.generation.model: FLORA knows no model "flix"; did you mean "flux"?'),
        ("model: flux, type: video, prompt: x", "ceiling_usd: 1",
         'steps.start.generation.type: "flux" makes an image, not a video'),
        (WHOLE, "timeout: 9", 'steps.start: FLORA tells no price of a model in dollars; write "ceiling_usd"'),
        ("model: flux, type: image, prompt: ''", "ceiling_usd: 1",
         "steps.start.generation.prompt: the input prompt is required, and gets no value"),
        (f"{WHOLE}, params: {{sede: 1}}", "ceiling_usd: 1",
         'steps.start.generation.params.sede: "flux" has no such input; did you mean "seed"?'),
        (f"{WHOLE}, params: {{aspect_ratio: '2:1'}}", "ceiling_usd: 1",
         'steps.start.generation.params.aspect_ratio: the input aspect_ratio: "2:1" is none of its choices'),
        (f"{WHOLE}, params: {{seed: '${{params.idea}}'}}", "ceiling_usd: 1",
         'steps.start.generation.params.seed: the input seed: "a barn" is no seed'),
    ],
)  # fmt: skip
def test_generation_that_cannot_run_is_one_problem(
    problem: Callable[..., str], generation: str, more: str, expected: str
) -> None:
    assert problem(generation, more).startswith(expected)


def test_setting_that_must_be_known_takes_no_output(
    loaded: Callable[[str], Pipeline], definitions: dict[str, Technique]
) -> None:
    content = """\
        name: x
        steps:
          words: {technique: write, inputs: {prompt: x}}
          start:
            ceiling_usd: 1
            generation:
              model: flux
              type: image
              prompt: x
              params: {seed: "${steps.words.output}", style: "${steps.words.output}"}
        """
    with pytest.raises(PlanError, match="seed takes a value that is known before the first run") as caught:
        plan(loaded(content), {}, {**definitions, "models/flux": model_definition(FLUX)})
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("name", "text", "sent"),
    [("seed", "7", 7), ("strength", "0.5", 0.5), ("raw", "true", True), ("tags", "a, b", ["a", "b"]),
     ("aspect_ratio", "1:1", "1:1"), ("style", " as it is", " as it is")],
)  # fmt: skip
def test_setting_is_sent_as_its_type_says(name: str, text: str, sent: Any) -> None:
    [param] = [param for param in FLUX.params if param.name == name]
    assert sent_setting(param, text) == sent


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("seed", "10", "above 9"), ("seed", "-1", "below 0"), ("strength", "nan", "no float"),
     ("raw", "yes", "neither"), ("extra", "{}", "a mapping")],
)  # fmt: skip
def test_setting_that_the_model_does_not_take_says_why(name: str, text: str, message: str) -> None:
    [param] = [param for param in FLUX.params if param.name == name]
    with pytest.raises(Exception, match=message):
        sent_setting(param, text)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{generation: {type: image, prompt: x}}", 'steps.a.generation: the key "model" is missing'),
        ("{generation: {model: m, type: picture, prompt: x}}", '"picture" is no type of generation'),
        ("{generation: {model: '', type: image, prompt: x}}", "steps.a.generation.model: is empty"),
        (
            "{generation: {model: m, type: image, prompt: x, params: {prompt: y}}}",
            "the prompt stands beside the params",
        ),
        ("{generation: {model: m, type: image, prompt: x}, technique: t}", 'either "generation" or "technique"'),
        ("{generation: {model: m, type: image, prompt: x}, inputs: {a: b}}", 'either "generation" or "technique"'),
        (
            "{technique: t, ceiling_usd: 0}",
            'steps.a.ceiling_usd: "0" is no amount; write US dollars, such as 0.20',
        ),
        ("{technique: t, ceiling_usd: $1}", '"$1" is no amount'),
        ("{}", 'steps.a: the key "technique" is missing'),
    ],
)
def test_generation_that_cannot_be_read_is_one_problem(
    problems_of: Callable[[str], list[str]], step: str, expected: str
) -> None:
    [found] = problems_of(f"name: x\nsteps:\n  a: {step}\n")
    assert expected in found


def test_price_above_its_ceiling_is_told(
    loaded: Callable[[str], Pipeline], definitions: dict[str, Technique]
) -> None:
    steps = "a: {technique: film, ceiling_usd: 0.2, inputs: {image: shot.png}}"
    with pytest.raises(PlanError, match=r"a run of film costs \$0.25, which is above this ceiling"):
        plan(loaded(f"name: x\nsteps:\n  {steps}\n"), {}, definitions)
