from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from florist.api.models import Technique
from florist.pipelines import Pipeline, Plan, PlanError, PlannedStep, TextSource, plan
from florist.pipelines.rows import plan_rows

Definitions = dict[str, Technique]
Planned = Callable[..., Plan]
ProblemsOf = Callable[..., list[str]]

TONES = """\
    name: tones
    params:
      tones: {list: true, default: "calm, loud"}
    steps:
      still: {technique: still, inputs: {image: shot.png, prompt: x}}
      caption: {technique: caption, inputs: {image: "${steps.shot.output}"}}
      shot:
        technique: still
        for: {tone: "${params.tones}"}
        inputs: {image: "${steps.still.output}", prompt: "Be ${for.tone}"}
    """


def pipeline_of(steps: str) -> str:
    return (
        f"name: x\nparams:\n  tones: {{list: true, default: 'a, b'}}\n  one: {{optional: true}}\nsteps:\n{steps}"
    )


def write(name: str, prompt: str = "x", more: str = "") -> str:
    return f"  {name}: {{technique: write, inputs: {{prompt: {prompt!r}}}{more}}}\n"


@pytest.fixture
def planned(loaded: Callable[[str], Pipeline], definitions: Definitions) -> Planned:
    return lambda content, **params: plan(loaded(content), params, definitions)


@pytest.fixture
def problems(planned: Planned) -> ProblemsOf:
    def plan_steps(steps: str, **params: object) -> list[str]:
        with pytest.raises(PlanError) as caught:
            planned(pipeline_of(steps), **params)
        return [f"{problem.field}: {problem.message}" for problem in caught.value.problems]

    return plan_steps


def needs(made: Plan) -> dict[str, tuple[str, ...]]:
    return {step.name: step.needs for step in made.steps}


def test_step_is_repeated_over_its_axis_and_what_it_needs_is_paid_once(planned: Planned) -> None:
    made = planned(TONES)
    assert needs(made) == {
        "still": (),
        "shot@calm": ("still",),
        "shot@loud": ("still",),
        "caption@calm": ("shot@calm",),
        "caption@loud": ("shot@loud",),
    }
    assert made.price_usd == Decimal("0.34")
    prompts = [step.inputs[1].value for step in made.steps if step.step == "shot"]
    assert prompts == [TextSource(text="Be calm"), TextSource(text="Be loud")]


def test_cell_tells_its_step_its_axes_and_both_in_the_table(planned: Planned) -> None:
    made = planned(TONES)
    assert [(step.step, step.axes) for step in made.steps][-1] == ("caption", {"tone": "loud"})
    assert [(row.step, row.axes) for row in made.table()][:2] == [("still", ""), ("shot@calm", "tone=calm")]


def test_cell_made_without_axes_is_called_as_its_step() -> None:
    assert PlannedStep(name="still", technique="t", technique_id="tech_t").step == "still"


@pytest.mark.parametrize("tones", [["loud", "calm"], "loud, calm", ["calm ", "loud"], ("calm", "lou\u0064")])
def test_list_param_in_any_order_and_spelling_makes_the_same_plan(planned: Planned, tones: object) -> None:
    assert planned(TONES, tones=tones) == planned(TONES)


def test_accent_written_in_two_ways_is_one_value(planned: Planned) -> None:
    assert planned(TONES, tones=["cafe\u0301"]) == planned(TONES, tones=["caf\u00e9"])


def test_variations_keep_the_first_under_its_name_and_spread(planned: Planned) -> None:
    def made(a: int, b: int) -> Plan:
        steps = write("a", more=f", variations: {a}") + write("b", "${steps.a.output}", f", variations: {b}")
        return planned(pipeline_of(steps))

    once, more = made(1, 1), made(3, 2)
    assert needs(once) == {"a": (), "b": ("a",)}
    assert needs(more) == {
        "a": (), "a@v2": (), "a@v3": (),
        "b": ("a",), "b@v2": ("a",), "b@a-v2": ("a@v2",), "b@a-v2@v2": ("a@v2",), "b@a-v3": ("a@v3",),
        "b@a-v3@v2": ("a@v3",),
    }  # fmt: skip
    assert more.steps[-1].axes == {"a.variation": "3", "variation": "2"}


def test_steps_with_the_same_axis_are_paired(planned: Planned) -> None:
    made = planned(
        pipeline_of(
            write("a", "${for.tone}", ", for: {tone: [x, y, z]}")
            + write("b", "${steps.a.output}", ", for: {tone: [y]}")
            + write("c", "${steps.a.output}", ", for: {lang: [de, fr]}").replace(
                "prompt: '", "prompt: '${for.lang}"
            )
            + write("d", "${steps.c.output} ${steps.b.output}", ", for: {tone: [y]}")
        )
    )
    cells = needs(made)
    assert cells["b@y"] == ("a@y",)
    assert cells["c@fr@z"] == ("a@z",)
    assert cells["d@de@y"] == ("c@de@y", "b@y")
    assert len(cells) == 3 + 1 + 6 + 2


def test_collected_texts_are_joined_over_the_axes_that_the_collector_lacks(planned: Planned) -> None:
    made = planned(
        pipeline_of(
            write("a", "${for.tone}", ", for: {tone: [x, y]}, variations: 2")
            + write("all", "Of ${steps.a.all}!")
            + write("each", "${for.tone} ${steps.a.all[0]}", ", for: {tone: [x, y]}")
            + write("one", "${steps.a.output} ${steps.a.all}")
        )
    )
    steps = {step.name: step for step in made.steps}
    assert str(steps["all"].inputs[0].value) == (
        "Of ${steps.a@x.output}\n\n${steps.a@x@v2.output}\n\n${steps.a@y.output}\n\n${steps.a@y@v2.output}!"
    )
    assert steps["all"].needs == ("a@x", "a@x@v2", "a@y", "a@y@v2")
    assert str(steps["each@y"].inputs[0].value) == "y ${steps.a@y.outputs[0]}\n\n${steps.a@y@v2.outputs[0]}"
    assert steps["one@y@a-v2"].needs == ("a@y@v2",)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("16:9", "a@16-9-cb140f95"),
        ("für Kinder", "a@für-Kinder-ca5e57dc"),
        ("DE", "a@DE"),
        ("🌷", "a@4654462e"),
        ("x" * 60, "a@" + "x" * 40 + "-"),
    ],
)
def test_value_that_fits_no_name_leaves_what_tells_it_from_its_like(
    planned: Planned, value: str, name: str
) -> None:
    made = planned(pipeline_of(write("a", "${for.tone}", f", for: {{tone: ['{value}']}}")))
    assert made.steps[0].name.startswith(name)
    assert made.steps[0].axes == {"tone": value}


def test_value_of_an_axis_can_stand_in_a_path(planned: Planned) -> None:
    steps = "  a: {technique: film, for: {kind: [shot]}, inputs: {image: '${for.kind}.png'}}\n"
    assert str(planned(pipeline_of(steps)).steps[0].inputs[0].value) == "shot.png"


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            write("a", "${for.tone}", ", for: {tone: [x, y]}")
            + write("b", "${steps.a.output}", ", for: {tone: [z]}"),
            'steps.b.for.tone: "z" is no value of tone in the step a, with which it is paired; there is "x", "y"',
        ),
        (
            write("a", "${for.tone}", ", for: {tone: [x, y]}")
            + write("b", "${steps.a.all}", ", for: {tone: [z]}"),
            'steps.b.for.tone: "z" is no value of tone in the step a',
        ),
        (
            write("a", "${for.tone}", ", for: {tone: [x]}")
            + write("b", "${for.tone}", ", for: {tone: [y]}")
            + write("c", "${steps.a.output} ${steps.b.output}"),
            "steps.c: the axis tone has other values in the step a than in another that it needs",
        ),
        (
            write("a", more=", variations: 40") + write("b", "${steps.a.output}", ", variations: 30"),
            "steps.b: with its cells a row takes more than 1000 runs; leave out values or variations",
        ),
        (
            write("a", "${params.tones}"),
            "steps.a.inputs.prompt: the param tones is a list, which gives an axis its values",
        ),
        (
            write("a", more=", variations: 2")
            + "  b: {technique: pair, inputs: {images: '${steps.c.all}'}}\n"
            + "  c: {technique: still, variations: 2, inputs: {image: shot.png, prompt: '${steps.a.output}'}}\n",
            "steps.b.inputs.images: the input images would make one run, and one charge, for each value, and how "
            "FLORA takes several is not documented",
        ),
        (
            "  b: {technique: film, inputs: {image: '${steps.c.all}'}}\n"
            "  c: {technique: still, variations: 2, inputs: {image: shot.png, prompt: x}}\n",
            "steps.b.inputs.image: the input image takes one value, not a list",
        ),
        (
            "  a: {technique: film, for: {kind: [shot, gone]}, inputs: {image: '${for.kind}.png'}}\n",
            "gone.png does not exist",
        ),
        (
            "  a: {technique: film, variations: 2, inputs: {image: gone.png}}\n",
            "gone.png does not exist",
        ),
    ],
)
def test_axes_that_do_not_go_together_are_one_problem(problems: ProblemsOf, steps: str, problem: str) -> None:
    (found,) = problems(steps)
    assert problem in found


def test_rows_planned_together_are_planned_as_each_alone(
    loaded: Callable[[str], Pipeline], definitions: Definitions, tmp_path: Path
) -> None:
    (tmp_path / "rows").mkdir()
    for name in ("mine.png", "shot.png"):
        (tmp_path / "rows" / name).write_bytes(b"x")
    pipeline = loaded(
        "name: x\nparams: {tones: {list: true, default: 'a, b'}, one: {default: shot.png}, "
        "two: {type: imageUrl, default: shot.png}}\nsteps:\n"
        + write("a", "${params.one} ${for.tone}", ", for: {tone: '${params.tones}'}")
        + "  b: {technique: film, inputs: {image: '${params.two}', prompt: '${steps.a.all}'}}\n"
    )
    rows = {
        "same": {}, "again": {}, "text": {"one": "mine.png"}, "file": {"two": "mine.png"}, "tones": {"tones": "c"},
        "other folder": {"two": "shot.png"}, "all": {"one": "mine.png", "two": "mine.png", "tones": "c, a"},
    }  # fmt: skip
    together = plan_rows(pipeline, {}, rows, definitions, folder=tmp_path / "rows").rows
    for key, own in rows.items():
        assert together[key] == plan(pipeline, own, definitions, folder=tmp_path / "rows")
    assert len(set(map(str, together.values()))) == len(rows) - 1


@pytest.mark.parametrize(
    ("tones", "problem"),
    [
        ("", "needs at least one value, and none was given"),
        ([], "needs at least one value, and none was given"),
        ("a, b, a", '"a" stands there twice; several of one kind are "variations"'),
        (["cafe\u0301", "caf\u00e9 "], "stands there twice"),
        ("a, A", '"a" and "A" differ by capital letters alone'),
        (["https://h/a.png?X-Amz-Signature=marker"], "a URL cannot be a value"),
        ([True], "a text goes here, not bool"),
    ],
)
def test_list_param_without_usable_values_is_one_problem(
    problems: ProblemsOf, tones: object, problem: str
) -> None:
    (found,) = problems(write("a", "${for.tone}", ", for: {tone: '${params.tones}'}"), tones=tones)
    assert "params.tones: " in found
    assert problem in found
    assert "marker" not in found


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (
            write("a", "x", ", for: {tone: [x, y]}"),
            "steps.a.for.tone: no input takes tone, so each value would pay",
        ),
        (write("a", "${for.tome}", ", for: {tone: [x]}"), 'the step has no axis "tome"; did you mean "tone"?'),
        (write("a", "${for.variation}", ", variations: 2"), 'the step has no axis "variation"; there is none'),
        (write("a", "${for.tone}", ", for: {tone: [x, ' x']}"), 'steps.a.for.tone: "x" stands there twice'),
        (write("a", "${for.tone}", ", for: {tone: []}"), "a list of values goes here"),
        (write("a", "${for.tone}", ", for: {tone: x}"), "a list of values goes here"),
        (write("a", "${for.tone}", ", for: {tone: [x, '']}"), "steps.a.for.tone: a value is empty"),
        (write("a", "${for.tone}", ", for: {tone: ['${params.one}']}"), "a value cannot refer to anything"),
        (write("a", "${for.tone}", ", for: {tone: '${params.one}'}"), '"one" is no list param'),
        (write("a", "${for.tone}", ", for: {tone: '${params.tone}'}"), 'list param; did you mean "tones"?'),
        (write("a", "${for.variation}", ", for: {variation: [x]}"), 'is what "variations" counts'),
        (
            write("a", more=", variations: 0"),
            'steps.a.variations: "0" is no number of variations; write one from 1',
        ),
        (write("a", more=", variations: many"), '"many" is no number of variations'),
    ],
)
def test_axis_that_cannot_be_read_is_told_with_its_place(
    problems_of: Callable[[str], list[str]], step: str, problem: str
) -> None:
    found = problems_of(pipeline_of(step))
    assert any(problem in each for each in found), found
    assert all(each.startswith("tried.yaml:6:") for each in found)


@pytest.mark.parametrize(
    ("param", "problem"),
    [
        ("{list: true, type: imageUrl}", "params.p.list: only a param of type text is a list"),
        ("{list: true, choices: [a, b], default: 'a, c'}", 'params.p.default: "c" is none of the choices'),
    ],
)
def test_list_param_that_cannot_be_one_is_told(
    problems_of: Callable[[str], list[str]], param: str, problem: str
) -> None:
    (found,) = problems_of(f"name: x\nparams: {{p: {param}}}\nsteps:\n{write('a')}")
    assert problem in found
