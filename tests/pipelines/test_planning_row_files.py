"""Row files planned: each problem stands where it is in the file, what is of the pipeline is told once."""

from pathlib import Path

import pytest

from florist.pipelines import load_pipeline
from florist.pipelines.errors import PlanError
from florist.pipelines.row_files import RowReading, row_file
from florist.pipelines.rows import plan_rows, planned_rows
from tests.pipelines.test_shipped import DEFINITIONS as SANDBOX

PIPELINE = """
    name: launch
    params:
      packshot: {type: imageUrl}
      tone: {choices: [playful, luxury], default: playful}
    steps:
      still: {technique: still, inputs: {image: "${params.packshot}", prompt: "${params.tone}"}}
"""


@pytest.fixture
def planned(loaded, definitions, tmp_path):
    """Plan what stands in `products.csv`, beside which `shot.png` stands."""

    def plan_content(content, name="products.csv", **params):
        (tmp_path / name).write_text(content)
        return plan_rows(loaded(PIPELINE), params, row_file(tmp_path / name, name=name), definitions)

    return plan_content


@pytest.fixture
def problems(planned, tmp_path):
    def problems_of(content, name="products.csv", **params):
        with pytest.raises(PlanError) as raised:
            planned(content, name, **params)
        return str(raised.value).replace(f"{tmp_path}/", "")

    return problems_of


def test_row_file_is_planned_row_by_row_with_its_notes(planned, tmp_path):
    plans = planned("sku,packshot,Weight\nv1,shot.png,5\nv2,shot.png,6\n")
    assert list(plans.rows) == ["v1", "v2"]
    assert plans.rows["v1"].steps[0].inputs[0].value.path == tmp_path / "shot.png"
    assert plans.notes == ("products.csv: no param takes Weight",)


def test_row_file_problem_of_a_param_stands_at_its_cell(problems):
    said = problems("sku,tone,packshot\nv1,loud,shot.png\n\nv2,,nope.png\n")
    assert said == (
        '2 problems:\n  products.csv:2:2: v1.tone: "loud" is none of the choices; there is luxury, playful\n'
        "  products.csv:4:3: v2.packshot: the file nope.png does not exist"
    )


def test_row_file_problem_after_cells_of_several_lines_stands_at_its_own(problems):
    said = problems('sku,Notes,packshot\nv0,"a\nb",shot.png\nv1,"a\r\nb\nc",nope.png\n')
    assert said.startswith("products.csv:6:3: v1.packshot")


def test_row_file_planned_one_by_one_yields_no_plan_after_a_problem(loaded, definitions, tmp_path):
    (tmp_path / "p.csv").write_text("sku,packshot\nv1,shot.png\nv2,\nv3,shot.png\n")
    pipeline = loaded(PIPELINE)
    planned = planned_rows(pipeline, {}, RowReading(row_file(tmp_path / "p.csv"), pipeline, {}), definitions)
    assert next(planned)[0] == "v1"
    with pytest.raises(PlanError, match="v2"):
        next(planned)


def test_row_file_problem_of_a_cell_without_text_stands_there(problems):
    assert problems("sku,packshot\nv1,\n") == "products.csv:2:2: v1.packshot: needs a value, and none was given"


def test_row_file_in_yaml_places_params_and_what_is_no_param(problems):
    said = problems("a: {packshot: shot.png, tonne: luxury}\nb:\n", "rows.yaml")
    assert 'rows.yaml:1:32: a.tonne: the pipeline declares no such param; did you mean "tone"?' in said
    assert "rows.yaml:2:1: b.packshot: needs a value" in said


def test_row_file_with_a_problem_of_the_pipeline_tells_it_once_and_first(problems):
    said = problems("sku,packshot\nv1,shot.png\nv2,nope.png\n", tone="shrill").splitlines()
    assert ['"shrill" is none of the choices' in said[1], "(row" in said[1]] == [True, False]
    assert said[2].startswith("  products.csv:3:2")


def test_row_file_without_a_column_that_is_required_says_so_once(problems):
    said = problems("sku,Photo\n" + "".join(f"v{row},shot.png\n" for row in range(30)))
    assert said.startswith("products.csv:1:1: no column gives the param packshot")
    assert len(said.splitlines()) == 1


def test_row_file_with_thousands_of_problems_shows_twenty_and_counts_the_rest(problems):
    bad = "".join(f"v{row},nope-{row}.png,{'loud' if row % 2 else ''}\n" for row in range(2000))
    lines = problems(f"sku,packshot,tone\n{bad}").splitlines()
    assert lines[0] == "3000 problems:"
    assert lines[-3:] == [
        "  … and 2980 more:",
        "    1986 × packshot: the file does not exist",
        "    994 × tone: none of the choices",
    ]
    assert len(lines) == 24


def test_row_file_that_ships_is_planned_with_the_pipeline_that_ships():
    root = Path(__file__).parents[2]
    file = row_file(root / "examples/products.csv")
    plans = plan_rows(load_pipeline(root / "pipelines/product-launch.yaml"), {}, file, SANDBOX)
    assert (len(plans.rows), plans.runs, str(plans.price_usd)) == (24, 96, "15.36")
    assert list(plans.rows)[6] == "V-007"
    assert {step.inputs[0].value.path.name for step in (plan.steps[0] for plan in plans.rows.values())} == {
        f"V-{number:03}.png" for number in range(1, 25)
    }
