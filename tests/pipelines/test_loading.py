import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from florist.api.models import MediaKind
from florist.pipelines import Param, Pipeline, PipelineFileError, Step, load_pipeline, parse_pipeline
from florist.pipelines.file_text import MAX_BYTES
from florist.pipelines.references import parse_template

Loaded = Callable[[str], Pipeline]
ProblemsOf = Callable[[str | bytes], list[str]]

WHOLE = """\
name: launch
description: A launch.
params:
  shot: {type: imageUrl, description: The packshot., default: shot.png}
  tone: {choices: [calm, no], default: no, optional: true}
steps:
  still:
    technique: still
    description: The still.
    timeout: 600
    inputs:
      image: ${params.shot}
      prompt: |
        Calm: ${params.tone}
  cut:
    technique: pair
    inputs:
      images: ["${steps.still.output}", shot.png]
"""


def test_pipeline_with_every_key_is_read_whole(loaded: Loaded) -> None:
    pipeline = loaded(WHOLE)
    assert (pipeline.name, pipeline.description) == ("launch", "A launch.")
    assert pipeline.params == {
        "shot": Param(type=MediaKind.IMAGE, description="The packshot.", default="shot.png"),
        "tone": Param(choices=("calm", "no"), default="no", optional=True),
    }
    assert pipeline.steps["still"] == Step(
        technique="still",
        description="The still.",
        timeout=600.0,
        inputs={
            "image": (parse_template("${params.shot}"),),
            "prompt": (parse_template("Calm: ${params.tone}\n"),),
        },
    )
    assert pipeline.steps["cut"].needs == ("still",)
    assert pipeline.techniques == ("still", "pair")


def test_pipeline_survives_pickling(loaded: Loaded) -> None:
    pipeline = loaded(WHOLE)
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline


def test_scalars_stay_as_they_are_written(loaded: Loaded) -> None:
    steps = "{a: {technique: t, inputs: {q: no, r: 1.10, s: 2026-01-01, t: 0x1F, u: '~', v: ~}}}"
    inputs = loaded(f"name: x\nsteps: {steps}").steps["a"].inputs
    assert [str(values[0]) for values in inputs.values()] == ["no", "1.10", "2026-01-01", "0x1F", "~", ""]


def test_file_with_many_mistakes_tells_of_all_with_places_and_mends(problems_of: ProblemsOf) -> None:
    content = """\
        name: Product Launch
        descripton: x
        params:
          shot: {type: image, default: "${params.x}"}
          size: {choices: [small, large], default: smal}
        steps:
          still:
            tecnique: still
            timeout: 10m
            inputs:
              image: ${params.shoot}
              prompt: ${param.size} ${
          film:
            technique: film
            inputs:
              image: ${steps.stil.output}
        """
    name = 'a name is up to 64 of a-z, 0-9, "-" and "_", and begins with a letter'
    assert problems_of(content) == [
        f'tried.yaml:1:7: name: {name}; write "product-launch"',
        'tried.yaml:2:1: descripton: unknown key; did you mean "description"?',
        'tried.yaml:4:16: params.shot.type: "image" is no type; did you mean "imageUrl"?',
        "tried.yaml:4:32: params.shot.default: a default cannot refer to anything; it is taken as it stands",
        'tried.yaml:5:44: params.size.default: "smal" is none of the choices; did you mean "small"?',
        'tried.yaml:7:3: steps.still: the key "technique" is missing',
        'tried.yaml:8:5: steps.still.tecnique: unknown key; did you mean "technique"?',
        'tried.yaml:9:14: steps.still.timeout: "10m" is no timeout; write seconds, such as 600',
        'tried.yaml:11:14: steps.still.inputs.image: there is no param "shoot"; did you mean "shot"?',
        'tried.yaml:12:15: steps.still.inputs.prompt: "${param.size}" is no reference; write "${params.size}"',
        'tried.yaml:12:15: steps.still.inputs.prompt: "${" is not closed by "}"; for a plain "${" write "$${"',
        'tried.yaml:16:14: steps.film.inputs.image: there is no step "stil"; did you mean "still"?',
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "tried.yaml: is empty"),
        ("# only a comment\n", "tried.yaml: is empty"),
        ("name: x\nsteps:\n\ta: b\n", "tried.yaml:3:1: a tab cannot indent"),
        ("name: a: b", 'tried.yaml:1:8: a ":" where none can be; put a text that has ": " in it in quotes'),
        ("name: [x", 'tried.yaml:1:9: a "{" or "[" is not closed'),
        ("a: {brief: ${params.p}}", 'tried.yaml:1:13: a "${…}" inside {…} or […] stands in quotes'),
        ("a:\n    b: c\n   d: e", "tried.yaml:3:4: this line does not line up with the ones above it"),
        ("a:\n  b: c\n    d: e", "tried.yaml:3:6: this line is indented deeper"),
        ("name: 'don't'", "tried.yaml:1:12: a quoted text ends here, and more follows"),
        ("name: @x", "tried.yaml:1:7: a text that begins with this character stands in quotes"),
        ('name: "\\UFFFFFFFF"', "tried.yaml"),
        ("name: x\x00", "tried.yaml: unreadable YAML"),
        ("name: x\nsteps: &s {a: *s}", "tried.yaml:2:15: steps.a: the alias *s is not supported"),
        ("name: !!python/object:os.system x", "tried.yaml:1:7: name: a tag (!…) is not supported"),
        ("name: x\n---\nname: y", "tried.yaml:2:1: a second document begins here"),
        ("? [a]\n: b", "tried.yaml:1:3: a key is plain text"),
        ("- a", 'tried.yaml:1:1: "key: value" lines go here, not a list'),
        ("name: é".encode("latin-1"), "tried.yaml:1:7: the byte 0xe9 is not UTF-8"),
        (b"\xef\xbb\xbfname: \xe9", "tried.yaml:1:7: the byte 0xe9 is not UTF-8"),
        ("name: x".encode("utf-16"), "tried.yaml: is written in UTF-16"),
        (b"#" * (MAX_BYTES + 1), "tried.yaml: is larger than 256 KiB"),
        ("name: x\nsteps:\n", "tried.yaml:2:1: steps: there are no steps"),
        ("name: x\nname: y\nsteps: {a: {technique: t}}", 'tried.yaml:2:1: name: the key "name" stands here twice'),
        ("name: x\nsteps: {Über Film: {technique: t}}", 'write "ber-film"'),
        ("name: x\nsteps: {'..': {technique: t}}", "begins with a letter"),
        ("name: x\nsteps: {a: }", 'tried.yaml:2:9: steps.a: the key "technique" is missing'),
        ("name: x\nsteps: {a: {technique: [t]}}", "steps.a.technique: a text goes here, not a list"),
        ("name: x\nsteps: {a: {technique: t, inputs: {i: []}}}", "steps.a.inputs.i: the list is empty"),
        ("name: x\nsteps: {a: {technique: t, inputs: {i: {b: c}}}}", "steps.a.inputs.i: a text goes here, not"),
        ("name: x\nsteps: {a: {technique: t, timeout: -1}}", 'steps.a.timeout: "-1" is no timeout'),
        ("name: x\nsteps: {a: {technique: t, timeout: nan}}", 'steps.a.timeout: "nan" is no timeout'),
        ("name: x\nparams: {p: {optional: yes}}\nsteps: {a: {technique: t}}", 'neither "true" nor "false"'),
        ("name: x\nparams: {p: {choices: a}}\nsteps: {a: {technique: t}}", "a list goes here"),
        (
            "name: x\nparams: {p: {type: imageUrl, choices: [a]}}\nsteps: {a: {technique: t}}",
            "only a param of type text has choices",
        ),
    ],
)
def test_unusable_file_is_one_problem_with_place_and_mend(
    problems_of: ProblemsOf, content: str | bytes, problem: str
) -> None:
    found = [found for found in problems_of(content) if problem in found]
    assert len(found) == 1, problems_of(content)


def test_file_that_is_a_list_is_a_single_problem(problems_of: ProblemsOf) -> None:
    assert problems_of("- a") == ['tried.yaml:1:1: "key: value" lines go here, not a list']


def test_problem_in_a_list_is_placed_at_its_item(problems_of: ProblemsOf) -> None:
    content = "name: x\nsteps:\n  a:\n    technique: t\n    inputs:\n      i:\n        - x\n        - ${y}\n"
    (problem,) = problems_of(content)
    assert problem.startswith('tried.yaml:8:11: steps.a.inputs.i[1]: "${y}" is no reference')


def test_file_with_a_byte_order_mark_is_read(loaded: Loaded) -> None:
    assert loaded("\ufeffname: x\nsteps: {a: {technique: t}}").name == "x"


def test_every_circle_of_steps_is_told_once(problems_of: ProblemsOf) -> None:
    step = "{{technique: t, inputs: {{i: '${{steps.{}.output}}'}}}}".format
    steps = {"a": "b", "b": "a", "c": "c", "d": "a"}
    content = "name: x\nsteps:\n" + "".join(f"  {name}: {step(need)}\n" for name, need in steps.items())
    found = problems_of(content)
    assert len(found) == 2
    assert "a → b → a" in found[0] or "b → a → b" in found[0]
    assert "c → c" in found[1]


def test_message_about_thousands_of_problems_stays_short(pipeline_file: Callable[[str], Path]) -> None:
    with pytest.raises(PipelineFileError) as caught:
        load_pipeline(pipeline_file("".join(f"k{number}:\n" for number in range(2000))))
    assert len(caught.value.problems) == 2002
    assert len(str(caught.value).splitlines()) == 23


@pytest.mark.parametrize("brackets", ["[", "{", "- ", "? ", "a: {", "[{"])
def test_endless_nesting_is_refused_without_reading_it(problems_of: ProblemsOf, brackets: str) -> None:
    (problem,) = problems_of(brackets * (MAX_BYTES // len(brackets)))
    assert problem.startswith("tried.yaml:")


@given(st.text() | st.text("nameps: {}[]\n\t-?&*!|>'\"%@`#$0\\Ux~,<", max_size=60))
@settings(max_examples=300)
def test_any_text_is_a_pipeline_or_told_why_not(text: str) -> None:
    problems: tuple[object, ...] = ("any.yaml:",)
    try:
        parse_pipeline(text, file=Path("any.yaml"))
    except PipelineFileError as error:
        problems = error.problems
    assert problems
    assert all(str(problem).startswith("any.yaml:") for problem in problems)


def test_missing_file_names_its_nearest_neighbour(pipeline_file: Callable[[str], Path]) -> None:
    file = pipeline_file(WHOLE)
    with pytest.raises(PipelineFileError, match=r'no such file; did you mean "tried.yaml"\?'):
        load_pipeline(file.with_name("tired.yaml"))


def test_missing_file_among_files_that_are_not_like_it_names_none(pipeline_file: Callable[[str], Path]) -> None:
    file = pipeline_file(WHOLE)
    with pytest.raises(PipelineFileError, match=r"moods\.yaml: no such file$"):
        load_pipeline(file.with_name("moods.yaml"))


@pytest.mark.parametrize("path", [".", "nowhere/x.yaml", "/dev/null", "a\0b", "x" * 5000])
def test_path_that_is_no_file_is_told(path: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineFileError) as caught:
        load_pipeline(os.path.join(tmp_path, path))  # noqa: PTH118 - pathlib is what is tried
    assert len(caught.value.problems) == 1


def test_error_with_problems_survives_pickling(pipeline_file: Callable[[str], Path]) -> None:
    with pytest.raises(PipelineFileError) as caught:
        load_pipeline(pipeline_file("nam: x"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.problems) == (
        PipelineFileError,
        str(caught.value),
        caught.value.problems,
    )
