"""Any pipeline that plans cleanly runs without a reference error, and the order of values changes no work."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from florist.api.models import MediaKind, Technique
from florist.ledger import InputIdentity, Work
from florist.pipelines import (
    JoinedSource,
    OutputSource,
    Pipeline,
    Plan,
    PlanError,
    PlannedStep,
    Step,
    TextSource,
    plan,
    resolve_inputs,
    walk,
)
from florist.pipelines.models import Param
from florist.pipelines.references import AxisReference, OutputReference, ParamReference, Part, Template

WRITE = Technique.model_validate(
    {
        "technique_id": "tech_write",
        "name": "Write",
        "inputs": [{"id": "prompt", "type": "text"}],
        "outputs": [{"id": "text", "type": "text"}],
    }
)
VALUES = ("a", "b", "c", "Dé 1")


class Made(NamedTuple):
    run_id: str
    output_id: str = "text"
    type: MediaKind = MediaKind.TEXT


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Pipelines of up to five steps that take each other's texts, with axes that may or may not go together."""
    steps: dict[str, Step] = {}
    for number in range(draw(st.integers(1, 5))):
        lists = st.lists(st.sampled_from(VALUES), min_size=1, max_size=3, unique=True).map(tuple)
        over = st.one_of(lists, st.just(ParamReference(param="tones")))
        axes = draw(st.dictionaries(st.sampled_from(["tone", "lang"]), over, max_size=2))
        needs = draw(st.lists(st.sampled_from(sorted(steps)), max_size=3)) if steps else []
        outputs = [OutputReference(step=need, collects=draw(st.booleans())) for need in needs]
        parts: list[Part] = ["x", *(AxisReference(axis=axis) for axis in axes), *outputs]
        variations = draw(st.sampled_from([1, 1, 1, 2, 3]))
        prompt = (Template.of(draw(st.permutations(parts))),)
        steps[f"s{number}"] = Step(technique="w", inputs={"prompt": prompt}, axes=axes, variations=variations)
    names = draw(st.permutations(sorted(steps)))
    return Pipeline(
        name="drawn",
        params={"tones": Param(list=True, default="a, b")},
        steps={name: steps[name] for name in names},
    )


def planned(pipeline: Pipeline) -> Plan | None:
    try:
        return plan(pipeline, {}, {"w": WRITE}, folder=Path("/"))
    except PlanError:
        return None


def works(made: Plan) -> dict[str, str]:
    """Walk the plan, each run named after its work's key, and return those."""

    async def run_step(step: PlannedStep, upstream: Mapping[str, Sequence[Made]]) -> Sequence[Made]:
        [given] = resolve_inputs(step, upstream)
        match given.source:
            case TextSource(text=text):
                prompt = text
            case JoinedSource():
                prompt = given.source.joined(lambda output: upstream[output.step][output.index].run_id)
            case OutputSource(step=name, index=index):
                prompt = upstream[name][index].run_id
        identity = InputIdentity.of_text(given.id, prompt)
        return [Made(Work(technique_id="w", inputs=(identity,), campaign="c", step=step.name).key)]

    walked = asyncio.run(walk(made, run_step))
    assert not walked.failed
    assert not walked.skipped
    return {name: result[0].run_id for name, result in walked.results.items()}


@given(pipelines())
@settings(max_examples=100)
def test_pipeline_that_plans_cleanly_runs_without_a_reference_error(pipeline: Pipeline) -> None:
    made = planned(pipeline)
    if made is None:
        return
    assert len({step.name for step in made.steps}) == len(made.steps)
    assert len({(step.step, *sorted(step.axes.items())) for step in made.steps}) == len(made.steps)
    assert len(works(made)) == len(made.steps)


@given(pipelines())
@settings(max_examples=50)
def test_order_of_values_and_axes_changes_no_work(pipeline: Pipeline) -> None:
    turned = {
        name: step.model_copy(
            update={
                "axes": {
                    axis: values if isinstance(values, ParamReference) else values[::-1]
                    for axis, values in reversed(step.axes.items())
                }
            }
        )
        for name, step in pipeline.steps.items()
    }
    other = pipeline.model_copy(update={"steps": turned, "params": {"tones": Param(list=True, default="b,a")}})
    made, again = planned(pipeline), planned(other)
    assert (made is None) == (again is None)
    if made and again:
        assert works(made) == works(again)


@given(pipelines(), st.integers(2, 4))
@settings(max_examples=50)
def test_more_variations_keep_every_work_there_was(pipeline: Pipeline, variations: int) -> None:
    fewer = {name: step.model_copy(update={"variations": 1}) for name, step in pipeline.steps.items()}
    more = {
        name: step.model_copy(update={"variations": variations if name == min(fewer) else 1})
        for name, step in pipeline.steps.items()
    }
    if any(output.collects for step in fewer.values() for output in step.outputs):
        return  # what collects more is other work
    made = planned(pipeline.model_copy(update={"steps": fewer}))
    if made:
        again = planned(pipeline.model_copy(update={"steps": more}))
        assert again
        assert works(made).items() <= works(again).items()
