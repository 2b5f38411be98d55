from decimal import Decimal

import pytest

from florist.api.models import Technique
from florist.pipelines import parse_pipeline
from florist.pipelines.errors import PlanError
from florist.pipelines.rows import plan_rows

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
