"""Which column gives which param; which names the rows."""

import pytest

from florist.pipelines import parse_pipeline
from florist.pipelines.findings import Findings
from florist.pipelines.row_files import RowReading, row_file


@pytest.mark.parametrize("name", ["packshot", "PACKSHOT", "Pack Shot", "pack_shot", "pack-shot "])
def test_column_is_found_however_the_name_is_written(reader, name):
    assert reader.rows(f"sku,{name}\nv1,a.png\n") == {"v1": {"packshot": "a.png"}}


def test_column_of_params_that_are_written_alike_gives_the_one_of_its_very_name(tmp_path):
    text = "name: x\nparams: {a-b: {optional: true}, ab: {optional: true}}\nsteps: {s: {technique: t}}\n"
    pipeline = parse_pipeline(text, file=tmp_path / "x.yaml")
    for name, params in {"ab": {"ab": "1"}, "a-b": {"a-b": "1"}, "A B": {}}.items():
        (tmp_path / "p.csv").write_text(f"sku,{name}\nv1,1\n")
        [row] = RowReading(row_file(tmp_path / "p.csv"), pipeline, {}).rows(Findings())
        assert row.params == params


def test_columns_that_no_param_takes_are_told_and_no_mistake(reader):
    reader.rows("sku,packshot,Weight,Tonne\nv1,a.png,5,luxury\n")
    assert reader.notes == ('products.csv: no param takes Weight, Tonne ("Tonne": did you mean "tone"?)',)


def test_columns_without_the_one_that_is_required_are_one_problem_of_all_rows(reader):
    [problem] = reader.problems("sku,tone,Photo\n" + "".join(f"v{row},luxury,a.png\n" for row in range(9)))
    assert problem == (
        'products.csv:1:1: no column gives the param packshot; did you mean "Photo"? '
        'Rename it, or say which in the pipeline: rows: {params: {packshot: "{Photo}"}}'
    )


def test_columns_without_what_all_rows_have_in_common_are_fine(reader):
    assert reader.rows("sku,tone\nv1,luxury\n", packshot="a.png") == {"v1": {"tone": "luxury"}}


def test_columns_that_read_as_one_param_are_a_problem(reader):
    [problem] = reader.problems("sku,packshot,Pack Shot,Tone,T-one\nv1,a.png,b.png,,\n")
    assert problem.startswith('products.csv:1:5: the columns "Tone", "T-one" all read as the param tone')


def test_columns_of_one_name_are_a_problem_only_where_it_is_meant(reader):
    assert reader.problems("sku,packshot,x,packshot,x\nv1,a.png,,,\n") == [
        'products.csv:1:2: two columns are called "packshot"; rename the one that is not meant'
    ]


def test_cell_without_text_leaves_the_param_to_its_default(reader):
    assert reader.rows("sku,packshot,tone\nv1,a.png,\nv2, b.png , luxury\n") == {
        "v1": {"packshot": "a.png"},
        "v2": {"packshot": "b.png", "tone": "luxury"},
    }


def test_mapping_makes_params_of_columns_and_text(reader):
    rows = """
rows:
  key: SKU
  params:
    packshot: "images/{sku}.png"
    brief: "{{{Product name}}} in {colour}, {key}"
"""
    content = "Product_Name,sku,colour\nTulip,v1,red\nRose,v2,\n"
    assert reader.rows(content, rows=rows) == {
        "v1": {"packshot": "images/v1.png", "brief": "{Tulip} in red, v1"},
        "v2": {"packshot": "images/v2.png", "brief": "{Rose} in , v2"},
    }


def test_mapping_to_a_path_of_which_a_part_is_missing_gives_none(reader):
    rows = 'rows: {params: {packshot: "{line}/{sku}.png"}}'
    assert reader.rows("sku,line\nv1,x\nv2,\n", rows=rows) == {"v1": {"packshot": "x/v1.png"}, "v2": {}}


def test_mapping_to_columns_that_there_are_not_is_the_pipelines_problem(reader):
    rows = 'rows: {key: SKUs, params: {packshot: "{picture}", brief: "{Wait}"}}'
    assert reader.problems("sku,packshot,Weight\nv1,a.png,5\n", rows=rows) == [
        'launch.yaml:9:13: rows.key: products.csv has no column "SKUs"; did you mean "sku"?',
        'launch.yaml:9:38: rows.params.packshot: products.csv has no column "picture"; '
        "it has sku, packshot, Weight",
        'launch.yaml:9:58: rows.params.brief: products.csv has no column "Wait"; did you mean "Weight"?',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('{params: {packshots: "x"}}', 'rows.params.packshots: there is no param "packshots"; did you mean'),
        ('{params: {packshot: "{sku"}}', 'rows.params.packshot: a "{" alone'),
        ('{params: {packshot: "a{}"}}', 'rows.params.packshot: "{}" names no column'),
        ("{format: cvs}", 'rows.format: "cvs" is no format of rows; did you mean "csv"?'),
        ("{sheets: x}", 'rows.sheets: unknown key; did you mean "sheet"?'),
    ],
)
def test_mapping_that_is_wrong_in_itself_is_told_when_the_pipeline_is_read(problems_of, rows, problem):
    pipeline = f"name: x\nparams: {{packshot: {{}}}}\nsteps: {{a: {{technique: t}}}}\nrows: {rows}\n"
    [found] = problems_of(pipeline)
    assert problem in found


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "products.csv:2:1: a row needs a key"),
        ("v" * 201, "products.csv:2:1: a row's key has at most 200 characters, and this one 201"),
        ('"a\nb"', "products.csv:2:1: a row's key is plain text on one line"),
        ("V-1 ", 'products.csv:3:1: the key "V-1" stands here twice, first in line 2'),
    ],
)
def test_key_that_cannot_name_a_row_is_told(reader, key, problem):
    content = f"sku,packshot\n{key},a.png\nV-1,a.png\n"
    assert [found[: len(problem)] for found in reader.problems(content)] == [problem]


def test_key_written_in_two_ways_of_unicode_is_one(reader):
    [problem] = reader.problems("sku,packshot\nvu\u0308,a.png\nv\u00fc,a.png\n")
    assert "stands here twice, first in line 2" in problem


def test_cell_with_an_error_of_excel_is_told_if_anything_takes_it(reader):
    assert reader.problems("sku,packshot,x\nv1,#N/A,#REF!\n") == [
        "products.csv:2:2: packshot: the cell holds Excel's error #N/A"
    ]
