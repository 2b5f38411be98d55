"""CSV and its kin, JSON lines, YAML: what programs and people write, and where it is wrong."""

import pytest

PACKSHOT = {"packshot": "a.png"}


@pytest.mark.parametrize(
    "content",
    [
        "sku,packshot\nv1,a.png\n",
        "sku;packshot\r\nv1;a.png\r\n".encode("utf-8-sig"),
        "sku\tpackshot\r\nv1\ta.png\r\n".encode("utf-16"),
        "\ufeffsku\tpackshot\r\nv1\ta.png\r\n".encode("utf-16-be"),
        "sku|packshot\nv1|a.png",
        "sep=;\r\nsku;packshot\r\nv1;a.png\r\n",
        '"sku, of ours";packshot\nv1;a.png\n',
        '"sku\nof ours"\tpackshot\nv1\ta.png\n',
        "sku,packshot,,\n,,,\nv1,a.png,,\n\n , ,,\n",
        "\n\nsku,packshot\rv1,a.png\r",
    ],
)
def test_csv_however_it_was_saved_is_the_same_rows(reader, content):
    assert reader.rows(content) == {"v1": PACKSHOT}


@pytest.mark.parametrize("name", ["rows.csv", "rows.txt", "rows.tab", "rows.TSV"])
def test_table_of_tabs_under_any_of_its_names_is_read(reader, name):
    assert reader.rows("sku\tpackshot\nv1\ta.png\n", name) == {"v1": PACKSHOT}


def test_tsv_takes_commas_for_text(reader):
    assert reader.rows("a,b,c\tpackshot\nv,1\ta.png\n", "rows.tsv") == {"v,1": PACKSHOT}


def test_csv_that_is_not_utf_8_says_the_line_and_what_to_write(reader):
    [problem] = reader.problems("sku,packshot\nv1,a.png\nvü,b.png\n".encode("cp1252"))
    assert problem.startswith("products.csv:3:1: the byte 0xfc is not UTF-8")
    assert '"ü"' in problem
    assert "rows: {encoding: cp1252}" in problem


def test_csv_in_another_encoding_is_read_when_the_pipeline_names_it(reader):
    content = "sku,packshot\nvü,a.png\n".encode("cp1252")
    assert reader.rows(content, rows="rows: {encoding: cp1252}") == {"vü": PACKSHOT}


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined"])
def test_csv_in_an_encoding_that_there_is_not_is_refused(reader, encoding):
    [problem] = reader.problems("sku\n1\n", rows=f"rows: {{encoding: {encoding}}}")
    assert "no encoding" in problem


def test_csv_in_utf_16_that_breaks_off_is_told(reader):
    content = "sku,packshot\nv1,a.png\n".encode("utf-16")
    assert reader.problems(content[:-1])[0].startswith("products.csv: begins as UTF-16 and does not go on so")


def test_csv_cells_of_several_lines_leave_the_places_right(reader):
    content = 'sku,brief,packshot,tone\nv1,"two\nlines","a\n.png",loud\nv2,"a\r\nb",c.png,\nv2,,,\n'
    read, problems = reader.read(reader.file(content))
    assert read["v1"]["brief"] == "two\nlines"
    assert problems == ['products.csv:7:1: the key "v2" stands here twice, first in line 5']


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "products.csv: is empty"),
        ("sku,packshot\n", "products.csv: has a header and no rows"),
        ("sku,packshot\nv1,a,b.png\n", "products.csv:2:3: 3 cells, but the header has 2"),
        ('sku,packshot\nv1,"a.png\nv2,b.png\n', "products.csv:2:1: a quoted text begins in this record"),
        ('sku,packshot\nv1,"a"b.png\n', "products.csv:2:1: text stands after a closing quote"),
        (f"sku,packshot\nv1,{'a' * 200_000}\n", "products.csv:2:1: a cell of more than 131,072 characters"),
    ],
)
def test_csv_that_is_broken_says_where(reader, content, problem):
    assert reader.problems(content)[0].startswith(problem)


def test_csv_that_breaks_off_says_that_nothing_after_it_was_read(reader):
    problems = reader.problems('sku,packshot\nv0,a.png\nv1,"a"b.png\nv2,b.png\n')
    assert problems[-1] == "products.csv: nothing was read after that"


def test_json_lines_are_read_each_with_its_own_names(reader):
    first = '{"sku": 1, "packshot": "a.png"}'
    second = '{"Tone": "luxury", "sku": 2.50, "packshot": "b.png", "brief": null}'
    assert reader.rows(f"{first}\n\n{second}\n", "rows.jsonl") == {
        "1": {"packshot": "a.png"},
        "2.50": {"packshot": "b.png", "tone": "luxury"},
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"sku": 2', "rows.jsonl:2:10: unreadable JSON"),
        ("[1]", "rows.jsonl:2:1: is no object"),
        ('{"sku": [1]}', "rows.jsonl:2:1: a value is one text"),
        ('{"sku": 1, "sku": 2}', 'rows.jsonl:2:1: the name "sku" stands here twice'),
        ('{"sku": "\\ud800"}', "rows.jsonl:2:1: half of a character"),
        ("[" * 100_000, "rows.jsonl:2:1: unreadable JSON: too deeply nested"),
        ('{"packshot": "a.png", "sku": "1"}', 'rows.jsonl:2:23: the key "1" stands here twice, first in line 1'),
    ],
)
def test_json_line_that_is_wrong_says_where_and_the_others_are_read(reader, line, problem):
    content = f'{{"sku": "1", "packshot": "a.png"}}\n{line}\n{{"sku": "", "packshot": "a.png"}}\n'
    first, last = reader.problems(content, "rows.jsonl")
    assert first.startswith(problem)
    assert last.startswith("rows.jsonl:3:2: a row needs a key")


@pytest.mark.parametrize("name", ["rows", "rows.json", "rows.yaml"])
@pytest.mark.parametrize("content", ['{"a": {"brief": "one"}, "b": {}}', "a: {brief: one}\nb:\n"])
def test_rows_by_their_keys_in_json_or_yaml_are_read(reader, name, content):
    assert reader.rows(content, name, packshot="x") == {"a": {"brief": "one"}, "b": {}}


def test_rows_by_their_keys_keep_what_a_spreadsheet_would_not(reader):
    content = "k:\n  nonsense: x\n  brief: |\n    one\n  tone:\n"
    assert reader.rows(content, "rows.yaml") == {"k": {"nonsense": "x", "brief": "one\n", "tone": ""}}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "rows.yaml"),
        ("[a, b]", "rows.yaml:1:1"),
        ("a: {brief: [1]}", "rows.yaml:1:12: a.brief"),
        ("a: one", "rows.yaml:1:4: a"),
        ("k: {}\n" * 60_000, "rows.yaml: is larger than 256 KiB; write many rows as CSV"),
    ],
)
def test_rows_by_their_keys_that_are_none_say_where(reader, content, place):
    assert reader.problems(content, "rows.yaml")[0].startswith(place)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("p.xls", "p.xls: .xls is not read; save it as .xlsx"),
        ("p.dat", 'p.dat: its ending ".dat" tells no format'),
    ],
)
def test_file_in_no_known_format_says_what_to_do(reader, name, problem):
    assert reader.problems("sku\n1\n", name)[0].startswith(problem)


def test_file_whose_format_the_pipeline_tells_is_read(reader):
    assert reader.rows("sku,packshot\nv1,a.png\n", "p.dat", rows="rows: {format: csv}") == {"v1": PACKSHOT}
