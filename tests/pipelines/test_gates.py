"""Gates: what is wrong with one in a file, which cells of a row wait at it, and what picks let through."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from florist.api.models import Technique
from florist.pipelines import Plan, parse_pipeline
from florist.pipelines.choices import RowChoices, Take
from florist.pipelines.errors import PipelineFileError, PlanError
from florist.pipelines.planner import Planner

WRITER = Technique.model_validate(
    {
        "technique_id": "tech_1",
        "name": "Writer",
        "run_cost": 0.1,
        "inputs": [{"id": "brief", "name": "Brief", "type": "text"}],
        "outputs": [{"id": "text", "name": "Text", "type": "text"}],
    }
)
HEAD = """
name: funnel
params: {tones: {list: true, default: dry}}
steps:
  head: {technique: w, variations: 4, gate: {pick: 1..2}, inputs: {brief: Spring}}
"""
FILM = """  film: {technique: w, inputs: {brief: "${steps.head.output}"}}\n"""
CUT = """  cut: {technique: w, inputs: {brief: "${steps.film.output}"}}\n"""
SUM = """  sum: {technique: w, inputs: {brief: "All: ${steps.head.all}."}}\n"""
GATED_FILM = (
    """  film: {technique: w, variations: 2, gate: {pick: 1}, inputs: {brief: "${steps.head.output}"}}\n"""
)


def planned(text: str, *picks: str, takes: tuple[Take, ...] = (), **params: str) -> Plan:
    choices = RowChoices(picks={name: f"run {name}" for name in picks}, takes=takes)
    return Planner(parse_pipeline(text, file=Path("f.yaml")), {"w": WRITER}).plan(params, choices)


def names(plan: Plan) -> tuple[list[str], list[str]]:
    return [step.name for step in plan.steps], [step.name for step in plan.awaiting]


HEADS = ["head", "head@v2", "head@v3", "head@v4"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "no step takes what it makes"),
        (HEAD.replace("variations: 4, ", "") + FILM, "nothing to pick among"),
        (HEAD.replace("1..2", "2..5") + FILM, "there are 4 to pick among, so that nobody can pick 5"),
        (HEAD.replace("1..2", "2..1") + FILM, '"2..1" is no number of picks'),
        (HEAD.replace("1..2", "0..1") + FILM, '"0..1" is no number of picks'),
        (HEAD.replace("{pick: 1..2}", "{picks: 1}") + FILM, 'did you mean "pick"?'),
        (HEAD + GATED_FILM.replace("pick: 1}", "pick: 1..5}") + CUT, "there are 4 to pick among"),
        (HEAD + GATED_FILM.replace("pick: 1}", "pick: 3..4}") + CUT, "no more than 2 to pick among"),
    ],
)
def test_gate_that_could_never_do_its_work_is_found_when_the_file_is_read(text: str, said: str):
    with pytest.raises(PipelineFileError) as error:
        parse_pipeline(text, file=Path("f.yaml"))
    assert said in str(error.value)
    assert "gate" in str(error.value)


def test_gate_over_a_list_param_is_held_against_its_values_when_it_is_planned():
    text = HEAD.replace("variations: 4,", 'for: {tone: "${params.tones}"},').replace("Spring", '"${for.tone}"')
    assert names(planned(text + FILM, tones="dry,wet"))[0] == ["head@dry", "head@wet"]
    with pytest.raises(PlanError, match="nothing to pick among"):
        planned(text + FILM)


def test_row_without_picks_waits_at_the_gate_and_knows_what_it_may_come_to():
    plan = planned(HEAD + FILM + CUT)
    assert names(plan)[0] == HEADS
    assert len(plan.awaiting) == 8
    assert (plan.price_usd, plan.after_picks_usd) == (Decimal("0.4"), Decimal("0.4"))
    assert plan.open_gate is not None
    assert plan.open_gate.words == "1..2"


def test_picks_let_through_what_takes_the_picked_cells_and_name_the_run():
    plan = planned(HEAD + FILM + CUT, "head@v2")
    assert names(plan) == ([*HEADS, "film@head-v2", "cut@head-v2"], [])
    assert [step.stands_on for step in plan.steps[4:]] == [{"head@v2": "run head@v2"}, {}]
    assert (plan.after_picks_usd, plan.open_gate) == (0, None)


def test_step_that_collects_over_a_gate_takes_the_picked_cells_alone():
    plan = planned(HEAD + SUM, "head", "head@v3")
    *_, summed = plan.steps
    assert (summed.needs, summed.collects) == (("head", "head@v3"), ("head",))
    assert str(summed.inputs[0].value) == "All: ${steps.head.output}\n\n${steps.head@v3.output}."


def test_fewer_picks_than_the_least_let_nothing_through():
    text = HEAD.replace("1..2", "2..3") + FILM
    assert names(planned(text, "head"))[0] == HEADS
    assert len(names(planned(text, "head", "head@v4"))[0]) == 6


def test_second_gate_waits_for_picks_among_what_the_first_has_let_through():
    text = HEAD + GATED_FILM + CUT
    first = planned(text)
    assert first.after_picks_usd == Decimal("0.5")  # two heads make four films, one of them a cut
    second = planned(text, "head@v2")
    assert len(second.awaiting) == 2
    assert second.open_gate is not None
    assert second.open_gate.cells == ("film@head-v2", "film@head-v2@v2")
    third = planned(text, "head@v2", "film@head-v2@v2", "film@head-v3")
    assert [step.step for step in third.steps].count("cut") == 1


def test_what_takes_two_gates_comes_to_no_more_than_the_picks_of_both():
    text = HEAD + HEAD.splitlines()[-1].replace("head", "tail") + "\n"
    both = '  both: {technique: w, inputs: {brief: "${steps.head.output} ${steps.tail.output}"}}\n'
    assert planned(text + both).after_picks_usd == Decimal("0.4")


@settings(max_examples=30)
@given(st.data())
def test_no_picks_that_gates_take_ever_cost_more_than_was_said_at_most(data: st.DataObject):
    counts = data.draw(st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(1, 2)))
    most = [data.draw(st.integers(1, counts[0])), data.draw(st.integers(1, counts[1]))]
    gates = [f"gate: {{pick: 1..{most[0]}}}, ", f"gate: {{pick: 1..{most[1]}}}, " * (counts[1] > 1)]
    last = data.draw(
        st.sampled_from(("a.output} ${steps.b.output", "b.output", "a.all} ${steps.b.output", "b.all"))
    )
    text = f"""
name: any
steps:
  a: {{technique: w, variations: {counts[0]}, {gates[0]}inputs: {{brief: x}}}}
  b: {{technique: w, variations: {counts[1]}, {gates[1]}inputs: {{brief: "${{steps.a.output}}"}}}}
  c: {{technique: w, variations: {counts[2]}, inputs: {{brief: "${{steps.{last}}}"}}}}
"""
    plan, picks = planned(text), list[str]()
    said = plan.price_usd + plan.after_picks_usd
    while (gate := plan.open_gate) is not None:
        picks += data.draw(st.lists(st.sampled_from(gate.cells), min_size=1, max_size=gate.pick_max, unique=True))
        plan = planned(text, *picks)
        assert plan.price_usd + plan.after_picks_usd <= said
    assert plan.awaiting == ()


def take(cell: str, step: str, inputs: dict[str, str] | None = None, **axes: str) -> Take:
    at = {name.replace("_", "."): value for name, value in axes.items()}
    return Take(cell=cell, step=step, axes=at, inputs=inputs or {})


def test_take_is_one_more_to_pick_among_with_a_text_of_its_own():
    more = take("head@v6", "head", {"brief": "Autumn $ {x}"}, variation="6")
    plan = planned(HEAD + FILM, "head@v6", takes=(more,))
    assert names(plan)[0] == [*HEADS, "head@v6", "film@head-v6"]
    assert [getattr(step.inputs[0].value, "text", "") for step in plan.steps[3:5]] == ["Spring", "Autumn $ {x}"]


def test_take_of_a_step_without_a_gate_stands_beside_and_is_taken_by_nothing():
    text = "name: plain\nsteps:\n  head: {technique: w, inputs: {brief: Spring}}\n" + FILM + SUM
    plan = planned(text, takes=(take("head@v2", "head", variation="2"),))
    assert names(plan)[0] == ["head", "head@v2", "film", "sum"]
    assert plan.steps[3].needs == ("head",)


def test_take_of_a_cell_behind_a_gate_goes_and_comes_with_its_pick():
    more = take("film@head-v2@v2", "film", head_variation="2", variation="2")
    assert "film@head-v2@v2" in names(planned(HEAD + FILM, "head@v2", takes=(more,)))[0]
    assert "film@head-v2@v2" not in names(planned(HEAD + FILM, "head@v3", takes=(more,)))[0]
