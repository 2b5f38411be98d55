import pickle
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from florist.api.models import Technique
from florist.pipelines import (
    FileSource,
    Pipeline,
    Plan,
    PlanError,
    Step,
    TextSource,
    UrlSource,
    plan,
)
from florist.pipelines.references import parse_template

Definitions = dict[str, Technique]
Loaded = Callable[[str], Pipeline]

LAUNCH = """\
    name: launch
    params:
      shot: {type: imageUrl, default: shot.png}
      tone: {choices: [calm, loud], default: calm}
      extra: {optional: true}
    steps:
      film: {technique: film, inputs: {image: "${steps.still.output}", prompt: "${params.extra}"}}
      still: {technique: still, inputs: {prompt: "Be ${params.tone}.${params.extra}", image: "${params.shot}"}}
      caption: {technique: caption, inputs: {image: "${steps.still.outputs[0]}"}}
      text: {technique: write, inputs: {prompt: "On ${steps.caption.outputs.caption}!"}}
    """


@pytest.fixture
def planned(loaded: Loaded, definitions: Definitions) -> Callable[..., Plan]:
    return lambda content, **params: plan(loaded(content), params, definitions)


@pytest.fixture
def problems_with(loaded: Loaded, definitions: Definitions, tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that plans one step with these inputs after `base: still` and `words: write`."""

    def plan_step(technique: str, inputs: str, params: Mapping[str, object] | None = None) -> list[str]:
        content = f"""\
            name: x
            params:
              shot: {{type: imageUrl, default: shot.png}}
              clip: {{type: videoUrl, optional: true}}
              tone: {{choices: [calm, loud], default: calm}}
              extra: {{optional: true}}
            steps:
              base: {{technique: still, inputs: {{image: shot.png, prompt: x}}}}
              two: {{technique: pair, inputs: {{images: shot.png}}}}
              words: {{technique: write, inputs: {{prompt: x}}}}
              tried:
                technique: {technique}
                inputs: {{{inputs}}}
            """
        with pytest.raises(PlanError) as caught:
            plan(loaded(content), params or {}, definitions)
        assert all(problem.position or problem.field == "params.tome" for problem in caught.value.problems)
        return [f"{problem.field}: {problem.message}" for problem in caught.value.problems]

    return plan_step


def test_plan_orders_steps_and_knows_what_each_costs(planned: Callable[..., Plan]) -> None:
    made = planned(LAUNCH)
    assert made.steps[0].name == "still"
    assert {step.name: step.needs for step in made.steps} == {
        "still": (),
        "film": ("still",),
        "caption": ("still",),
        "text": ("caption",),
    }
    assert made.price_usd == Decimal("0.37")
    assert made.unpriced == ("text",)
    assert made.longest_chain == ("still", "caption", "text")


def test_plan_fills_params_in_and_takes_inputs_in_the_techniques_order(
    planned: Callable[..., Plan], tmp_path: Path
) -> None:
    steps = {step.name: step for step in planned(LAUNCH, tone="loud", extra=5).steps}
    assert [(entry.id, entry.value) for entry in steps["still"].inputs] == [
        ("image", FileSource(path=tmp_path / "shot.png")),
        ("prompt", TextSource(text="Be loud.5")),
    ]


def test_plan_leaves_out_what_an_empty_param_would_fill(planned: Callable[..., Plan]) -> None:
    steps = {step.name: step for step in planned(LAUNCH).steps}
    assert [entry.id for entry in steps["film"].inputs] == ["image"]


def test_plan_shows_itself_as_a_table(planned: Callable[..., Plan]) -> None:
    rows = {row.step: row for row in planned(LAUNCH).table()}
    assert rows["still"] == ("still", "", "still", "", 'image ← shot.png, prompt ← "Be calm."', Decimal("0.1"))
    assert rows["text"] == ("text", "", "write", "caption", "prompt ← caption", None)


def test_plan_survives_pickling_and_json(planned: Callable[..., Plan]) -> None:
    made = planned(LAUNCH)
    assert pickle.loads(pickle.dumps(made)) == made
    assert Plan.model_validate_json(made.model_dump_json()) == made


def test_plan_hides_what_makes_a_url_a_signed_one(planned: Callable[..., Plan]) -> None:
    url = "https://bucket.s3.amazonaws.com/dir/a.png?X-Amz-Signature=marker"
    made = planned(LAUNCH, shot=url)
    assert made.steps[0].inputs[0].value == UrlSource(url=url)
    assert "marker" not in repr(made) + repr(made.table())


def test_param_given_as_none_takes_its_default(planned: Callable[..., Plan]) -> None:
    assert planned(LAUNCH, tone=None) == planned(LAUNCH)


def test_url_of_this_machine_is_taken_over_plain_http(planned: Callable[..., Plan]) -> None:
    url = "http://127.0.0.1:8080/media/a.png"
    assert planned(LAUNCH, shot=url).steps[0].inputs[0].value == UrlSource(url=url)


def test_given_path_starts_at_the_given_folder(loaded: Loaded, definitions: Definitions, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "mine.png").write_bytes(b"x")
    made = plan(loaded(LAUNCH), {"shot": "mine.png"}, definitions, folder=tmp_path / "rows")
    assert made.steps[0].inputs[0].value == FileSource(path=tmp_path / "rows" / "mine.png")


@pytest.mark.parametrize(
    ("technique", "inputs", "problem"),
    [
        ("stil", "", 'steps.tried.technique: FLORA knows no technique "stil"; did you mean "still"?'),
        ("qqqq", "", 'FLORA knows no technique "qqqq"; `florist techniques` lists them'),
        ("film", "imag: shot.png", 'inputs.imag: "film" has no such input; did you mean "image"?'),
        ("film", "", "steps.tried.inputs.image: the input image is required, and gets no value"),
        ("write", "prompt: ' '", "the input prompt is required, and gets no value"),
        ("write", "prompt: '${params.extra}'", "the input prompt is required, and gets no value"),
        ("film", "image: '${params.tone}'", "takes an image, but the param tone is text"),
        ("film", "image: '${params.clip}'", "takes an image, but the param clip is a video"),
        ("write", "prompt: 'x ${params.shot}'", "takes text, but the param shot is an image"),
        ("film", "image: '${steps.words.output}'", "takes an image, but ${steps.words.output} is text"),
        ("write", "prompt: 'x ${steps.base.output}'", "takes text, but ${steps.base.output} is an image"),
        ("film", "image: '${steps.two.output}'", "two makes 2; the outputs of two are left, right"),
        ("film", "image: '${steps.two.outputs[2]}'", "no such output; the outputs of two are left, right"),
        ("film", "image: '${steps.two.outputs.top}'", "no such output; the outputs of two are left, right"),
        ("film", "image: 'x/${params.shot}'", "takes one reference, path or URL alone"),
        ("film", "image: [shot.png, shot.png]", "the input image takes one value, not a list"),
        ("pair", "images: [shot.png, shot.png]", "write one step for each value"),
        ("cast", "", "cannot be run over the API: the input hero needs a saved element"),
        ("dub", "prompt: x, voice: a.mp3", "takes audio, which the API cannot send; leave it out"),
        ("film", "image: gone.png", "does not exist"),
        ("film", "image: .", "is a folder; name a file in it"),
        ("film", "image: /dev/null", "is not a regular file"),
        ("film", "image: tried.yaml/x", "does not exist"),
        ("film", f"image: {'x' * 300}", "cannot be read: File name too long"),
        ("film", 'image: "a\\0b"', "does not exist"),
        ("film", "image: https://h/a.mp4", '"a.mp4" looks like a video, not an image'),
        ("film", "image: http://h/a.png", '"http:…" cannot be fetched by FLORA; give an https URL or a file'),
        ("film", "image: 's3://b/a.png'", '"s3:…" cannot be fetched by FLORA'),
        ("film", "image: 'data:image/png;base64,AA'", '"data:…" cannot be fetched by FLORA'),
        ("film", "image: 'https://u:p@h/a.png'", '"https://h/a.png" has a user or password in it'),
        ("film", "image: 'https:///a.png'", "is not a URL"),
        ("film", "image: 'https://h/a b.png'", "is not a URL"),
        ("film", "image: ' '", "the input image is required, and gets no value"),
        ("film", "image: 'https://[/a.png'", "is not a URL"),
    ],
)
def test_step_that_cannot_run_is_one_problem(
    problems_with: Callable[..., list[str]], technique: str, inputs: str, problem: str
) -> None:
    found = problems_with(technique, inputs)
    assert sum(problem in each for each in found) == 1, found


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"tome": "x"}, 'params.tome: the pipeline declares no such param; did you mean "tone"?'),
        ({"tone": "calmer"}, 'params.tone: "calmer" is none of the choices; did you mean "calm"?'),
        ({"tone": ""}, "params.tone: needs a value, and none was given"),
        ({"tone": True}, "params.tone: a text goes here, not bool"),
        ({"tone": ["calm"]}, "params.tone: a text goes here, not list"),
        ({"shot": "nowhere.png"}, "params.shot: the file"),
        ({"shot": "https://h/a.pdf"}, 'params.shot: "a.pdf" looks like a document, not an image'),
    ],
)
def test_param_that_cannot_be_used_is_one_problem(
    problems_with: Callable[..., list[str]], params: Mapping[str, object], problem: str
) -> None:
    (found,) = problems_with("film", "image: '${params.shot}', prompt: '${params.tone}'", params)
    assert problem in found


def test_empty_file_is_told_before_anything_is_spent(
    problems_with: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "empty.png").touch()
    (found,) = problems_with("film", "image: empty.png")
    assert found.endswith("empty.png is empty")


def test_plan_tells_of_all_problems_in_the_order_of_the_file(
    problems_with: Callable[..., list[str]],
) -> None:
    found = problems_with("film", "imag: x, prompt: '${steps.base.output}'", {"tome": 1, "tone": 2})
    assert [each.partition(":")[0] for each in found] == [
        "params.tome",
        "params.tone",
        "steps.tried.inputs.image",
        "steps.tried.inputs.imag",
        "steps.tried.inputs.prompt",
    ]


def test_output_of_a_technique_that_declares_none_is_left_to_the_run(planned: Callable[..., Plan]) -> None:
    content = """\
        name: x
        steps:
          voice: {technique: dub, inputs: {prompt: x}}
          next: {technique: film, inputs: {image: "${steps.voice.outputs[7]}"}}
        """
    assert planned(content).steps[1].needs == ("voice",)


def test_plan_of_a_pipeline_made_in_code_checks_its_references(definitions: Definitions) -> None:
    step = Step(technique="write", inputs={"prompt": (parse_template("${steps.gone.output}${params.gone}"),)})
    with pytest.raises(PlanError) as caught:
        plan(Pipeline(name="x", steps={"a": step}), {}, definitions)
    assert [str(problem) for problem in caught.value.problems] == [
        'steps.a.inputs.prompt: there is no param "gone"; there is none',
        'steps.a.inputs.prompt: there is no step "gone"; there is none',
    ]


def test_message_shows_no_control_characters(definitions: Definitions) -> None:
    step = Step(technique="\x1b[31m", inputs={"\x1b]0;": (parse_template("a"),)})
    with pytest.raises(PlanError) as caught:
        plan(Pipeline(name="x", steps={"a": step}), {"\x07": "x", "y": "\x1b"}, definitions)
    assert str(caught.value).replace("\n", "").isprintable()
