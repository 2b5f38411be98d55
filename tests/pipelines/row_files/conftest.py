from collections.abc import Callable
from pathlib import Path

import pytest

from florist.pipelines import Pipeline, parse_pipeline
from florist.pipelines.errors import PlanError
from florist.pipelines.findings import Findings
from florist.pipelines.row_files import RowReading, row_file

LAUNCH = """
name: launch
params:
  packshot: {type: imageUrl}
  tone: {choices: [playful, luxury], default: playful}
  brief: {optional: true}
steps:
  still: {technique: still, inputs: {image: "${params.packshot}", prompt: "${params.brief} ${params.tone}"}}
"""


class Reader:
    """Reads what stands in a file of this name, in a folder of its own, as one pipeline's rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: tuple[str, ...] = ()

    def pipeline(self, rows: str = "") -> Pipeline:
        return parse_pipeline(f"{LAUNCH}{rows}", file=self.folder / "launch.yaml")

    def file(self, content: str | bytes, name: str = "products.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, path: Path, rows: str = "", **common: str) -> tuple[dict[str, dict[str, str]], list[str]]:
        """Return the rows, and the problems without the folder."""
        found = Findings()
        reading = RowReading(row_file(path, name=path.name), self.pipeline(rows), common)
        read = {row.key: dict(row.params) for row in reading.rows(found)}
        self.notes = reading.notes
        try:
            found.raise_any()
        except PlanError as error:
            return read, [str(problem).replace(f"{self.folder}/", "") for problem in error.problems]
        return read, []

    def rows(self, content: str | bytes, name: str = "products.csv", **given: str) -> dict[str, dict[str, str]]:
        """Return the rows of what has no problem, their paths from the folder on."""
        read, problems = self.read(self.file(content, name), **given)
        assert problems == []
        return {
            key: {param: text.removeprefix(f"{self.folder}/") for param, text in params.items()}
            for key, params in read.items()
        }

    def problems(self, content: str | bytes, name: str = "products.csv", **given: str) -> list[str]:
        """Return the problems of what has some."""
        return self.read(self.file(content, name), **given)[1]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook of these sheets, each a list of rows."""

    def write(**sheets: list[list[object]]) -> Path:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        path = tmp_path / "products.xlsx"
        book.save(path)
        return path

    return write
