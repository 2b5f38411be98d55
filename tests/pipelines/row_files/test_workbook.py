import datetime as dt
import sys
import zipfile

import pytest

from florist.errors import ConfigurationError
from florist.pipelines.row_files import workbook as module


def test_workbook_is_read_with_numbers_dates_and_truths_as_text(reader, workbook):
    day = dt.datetime(2026, 3, 1)  # noqa: DTZ001 - as Excel has them
    path = workbook(
        P=[["sku", "packshot", "brief"], [7, "a.png", 1.5], [8.0, "b.png", day], [], [9, "c.png", True]]
    )
    read, problems = reader.read(path)
    assert problems == []
    assert {key: row["brief"] for key, row in read.items()} == {"7": "1.5", "8": "2026-03-01", "9": "TRUE"}


def test_workbook_of_several_sheets_says_which_was_read(reader, workbook):
    path = workbook(Spring=[["sku", "packshot"], ["v1", "a.png"]], Autumn=[["x"]])
    reader.read(path)
    assert reader.notes == ('products.xlsx: read from the sheet "Spring", the first of 2',)


def test_workbook_sheet_that_the_pipeline_names_is_read(reader, workbook):
    path = workbook(Autumn=[["x"]], Spring=[["sku", "packshot"], ["v1", "a.png"]])
    assert list(reader.read(path, rows="rows: {sheet: Spring}")[0]) == ["v1"]
    [problem] = reader.read(path, rows="rows: {sheet: Sprung}")[1]
    assert problem == 'products.xlsx: has no sheet "Sprung"; did you mean "Spring"?'


def test_workbook_problem_names_row_and_column_of_the_sheet(reader, workbook):
    path = workbook(P=[[], ["x", "packshot", "sku"], [], [1, "a.png", "v1"], [2, "#DIV/0!", "v2"]])
    assert reader.read(path, rows="rows: {key: sku}")[1] == [
        "products.xlsx:5:2: packshot: the cell holds Excel's error #DIV/0!"
    ]


@pytest.mark.parametrize(
    ("sheets", "problem"), [({"P": []}, 'the sheet "P" is empty'), ({"P": [["sku"]]}, "no rows")]
)
def test_workbook_without_rows_is_told(reader, workbook, sheets, problem):
    assert problem in reader.read(workbook(**sheets), packshot="x")[1][0]


def test_workbook_whose_program_claims_other_dimensions_is_read_whole(reader, workbook):
    path = workbook(P=[["sku", "packshot"], ["v1", "a.png"]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"<sheetData>", b'<dimension ref="A1:A1"/><sheetData>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert list(reader.read(path)[0]) == ["v1"]


def test_workbook_that_is_none_is_told(reader):
    assert reader.problems("PK", "p.xlsx")[0].startswith("p.xlsx: is no .xlsx workbook, or one with a password")


def test_workbook_that_is_another_archive_is_told(reader):
    path = reader.folder / "p.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<broken")
    assert reader.read(path)[1][0].startswith("p.xlsx: cannot be read as .xlsx")


def test_workbook_that_unpacks_to_too_much_is_refused(reader, workbook, monkeypatch):
    monkeypatch.setattr(module, "UNPACKED_BYTES_AT_MOST", 1000)
    assert "unpacks to more than is read" in reader.read(workbook(P=[["sku"], [1]]))[1][0]


def test_workbook_without_the_extra_says_what_to_install(reader, workbook, monkeypatch):
    path = workbook(P=[["sku"], [1]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigurationError, match="florist\\[xlsx\\]"):
        reader.read(path)
