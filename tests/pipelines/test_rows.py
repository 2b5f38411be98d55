import asyncio
import pickle
from collections.abc import Mapping
from decimal import Decimal

import pytest

from florist.api.errors import InsufficientCreditsError
from florist.api.models import Technique
from florist.pipelines import PlannedStep, StepsFailedError, parse_pipeline
from florist.pipelines.errors import HaltedError, PlanError
from florist.pipelines.rows import Halt, plan_rows, raise_for_failures, results_of, walk_rows
from florist.pipelines.walking import walk

TEXT = """
name: headlines
params:
  brief: {type: text}
  tone: {type: text, choices: [calm, loud], default: calm}
steps:
  head:
    technique: headline-writer
    inputs: {brief: "${params.brief}, ${params.tone}"}
  again:
    technique: headline-writer
    inputs: {brief: "${steps.head.output}"}
"""
WRITER = Technique.model_validate(
    {
        "technique_id": "tech_1",
        "name": "Headline Writer",
        "run_cost": 0.01,
        "inputs": [{"id": "brief", "name": "Brief", "type": "text"}],
        "outputs": [{"id": "headline", "name": "Headline", "type": "text"}],
    }
)
ROWS = {"a": {"brief": "one"}, "b": {"brief": "two", "tone": "loud"}, "c": {"brief": "three"}}


@pytest.fixture
def pipeline(tmp_path):
    return parse_pipeline(TEXT, file=tmp_path / "headlines.yaml")


@pytest.fixture
def plans(pipeline):
    return plan_rows(pipeline, {}, ROWS, {"headline-writer": WRITER})


def by_steps(run_step):
    """Return what walks a row by running each of its steps so, all rows stopped by what stops one."""
    halt = Halt()

    async def walk_row(key, planned):
        return await walk(planned, halt.guarded(lambda step, upstream: run_step(key, step, upstream)))

    return walk_row


def test_rows_planned_are_priced_together(plans):
    assert (plans.runs, plans.price_usd, list(plans.rows)) == (6, Decimal("0.06"), ["a", "b", "c"])


def test_rows_own_params_come_before_the_common_ones(pipeline):
    plans = plan_rows(
        pipeline, {"tone": "loud", "brief": "all"}, {"a": {"brief": "one"}}, {"headline-writer": WRITER}
    )
    assert plans.rows["a"].steps[0].inputs[0].value.text == "one, loud"


def test_rows_none_given_is_one_row_without_a_key(pipeline):
    plans = plan_rows(pipeline, {"brief": "one"}, {}, {"headline-writer": WRITER})
    assert list(plans.rows) == [""]


def test_rows_with_mistakes_are_all_told_at_once_each_with_its_key(pipeline):
    rows = {"a": {}, "b": {"brief": "two", "tone": "shrill"}, "c": {"brief": "fine"}}
    with pytest.raises(PlanError) as raised:
        plan_rows(pipeline, {}, rows, {"headline-writer": WRITER})
    assert [problem.field for problem in raised.value.problems] == ["params.brief", "params.tone"]
    assert ["(row a)" in str(raised.value), "(row b)" in str(raised.value)] == [True, True]


def test_rows_that_share_a_mistake_tell_it_once_with_the_nearest_name(pipeline):
    rows = {f"r{number}": {"brief": "x"} for number in range(24)}
    with pytest.raises(PlanError) as raised:
        plan_rows(pipeline, {}, rows, {}, known=["headline-writers", "film"])
    assert [problem.message for problem in raised.value.problems] == [
        'FLORA knows no technique "headline-writer"; did you mean "headline-writers"?'
    ] * 2


def test_rows_some_of_which_share_a_mistake_are_named(pipeline):
    rows = {f"r{number}": {"brief": "" if number else "x"} for number in range(8)}
    with pytest.raises(PlanError) as raised:
        plan_rows(pipeline, {}, rows, {"headline-writer": WRITER})
    assert "(rows r1, r2, r3, r4, r5 and 2 more)" in str(raised.value)


async def test_row_that_fails_leaves_the_others_be(plans):
    async def run_step(row: str, step: PlannedStep, upstream: Mapping[str, str]) -> str:
        if row == "b":
            raise ValueError("no")
        return f"{row} {step.name}"

    walked = await walk_rows(plans, by_steps(run_step))
    assert results_of(walked) == {
        "a/head": "a head", "a/again": "a again", "c/head": "c head", "c/again": "c again",
    }  # fmt: skip
    with pytest.raises(StepsFailedError) as raised:
        raise_for_failures(walked)
    assert [failure.step for failure in raised.value.failures] == ["b/head"]
    assert pickle.loads(pickle.dumps(raised.value)).skipped == (("b/again", ("head",)),)


async def test_rows_after_the_balance_is_used_up_are_not_begun(plans):
    begun: list[str] = []

    async def run_step(row: str, step: PlannedStep, upstream: Mapping[str, str]) -> str:
        begun.append(f"{row}/{step.name}")
        if row == "b":
            raise InsufficientCreditsError("Insufficient credits.", status=402)
        return "done"

    walked = await walk_rows(plans, by_steps(run_step), max_in_flight=1)
    assert begun == ["a/head", "a/again", "b/head"]
    assert isinstance(walked["c"].failed["head"], HaltedError)


async def test_rows_walk_no_more_than_so_many_at_once(plans):
    walking = most = 0

    async def run_step(row: str, step: PlannedStep, upstream: Mapping[str, str]) -> str:
        nonlocal walking, most
        walking += 1
        most = max(most, walking)
        await asyncio.sleep(0)
        walking -= 1
        return "done"

    await walk_rows(plans, by_steps(run_step), max_in_flight=2)
    assert most == 2
