"""What programs write is read as they meant it: any table of csv.writer, json.dumps and openpyxl."""

import csv
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from florist.pipelines import parse_pipeline
from florist.pipelines.findings import Findings
from florist.pipelines.row_files import RowReading, row_file
from florist.pipelines.row_mapping import RowMapping

DELIMITERS = ",;\t|"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


@st.composite
def tables(draw, cells):
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), max_size=6))
    return names, [row for row in rows if any(str(cell).strip() for cell in row)]


def read(path):
    with row_file(path).table(RowMapping()) as table:
        return [dict(record.cells) for record in table.records]


def named(table):
    names, rows = table
    return [dict(zip(names, row, strict=True)) for row in rows]


# With another line end, the writer leaves the one it does not use unquoted.
DIALECTS = st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\n")])


@settings(max_examples=40)
@given(tables(TEXTS), st.sampled_from(DELIMITERS), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), DIALECTS)
def test_csv_of_any_cells_comes_back(table, delimiter, encoding, dialect):
    quoting, line_end = dialect
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        with path.open("w", newline="", encoding=encoding) as file:
            writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
            writer.writerows([table[0], *table[1]])
        assert read(path) == named(table)


@settings(max_examples=30)
@given(tables(TEXTS), st.booleans())
def test_json_lines_of_any_cells_come_back(table, is_ascii):
    rows = named(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        path.write_text("".join(json.dumps(row, ensure_ascii=is_ascii) + "\n" for row in rows) or "{}", "utf-8")
        assert read(path) == (rows or [{}])


# Without what XML cannot hold, and without what openpyxl would write as a formula.
SHOWN = st.text(st.characters(categories=["L", "N", "P", "Sc"], exclude_characters="=#"), max_size=12)
CELLS = SHOWN | st.integers(-(10**12), 10**12)


@settings(max_examples=15)
@given(tables(CELLS))
def test_workbook_of_any_cells_comes_back(table):
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [table[0], *table[1]]:
        sheet.append(row)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.xlsx")
        book.save(path)
        assert read(path) == [{name: str(cell) for name, cell in row.items()} for row in named(table)]


PIPELINE = parse_pipeline("name: x\nparams: {a: {}, b: {}}\nsteps: {s: {technique: t}}\n", file=Path("x.yaml"))
STARTS = [b"", b"\xff\xfe", b"\xef\xbb\xbf", b"a,b\n", b'{"a": "', b"PK\x03\x04", b"a: {b: "]


@settings(max_examples=100)
@given(
    st.sampled_from(["csv", "tsv", "txt", "jsonl", "yaml", "json", "xlsx", ""]),
    st.sampled_from(STARTS),
    st.binary(max_size=60) | st.text('a,b;"\n{}:\t [1]', max_size=60).map(str.encode),
)
def test_file_of_any_bytes_is_rows_or_problems(suffix, start, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"rows.{suffix}".rstrip("."))
        path.write_bytes(start + content)
        found = Findings()
        rows = list(RowReading(row_file(path), PIPELINE, {}).rows(found))
        assert rows or found
