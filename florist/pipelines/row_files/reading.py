"""Rows, one by one, out of a row file: each with its key, its params, and the place of each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.findings import Findings
from florist.pipelines.models import Pipeline
from florist.pipelines.problems import Problem
from florist.pipelines.row_files.columns import Columns, columns_of, unused_note, without_column
from florist.pipelines.row_files.keys import SeenKeys, key_fault, row_key
from florist.pipelines.row_files.places import placed
from florist.pipelines.row_files.records import Header, Record, Table
from florist.pipelines.row_files.row_file import RowFile
from florist.pipelines.row_mapping import RowMapping
from florist.wording import quoted

_EXCEL_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})
"""What a cell shows whose formula failed, in a workbook and in what is exported from it."""

_COLUMNS_KEPT = 1000
"""Sets of names, in a file where each record has its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, ready to be planned.

    Attributes:
        params: its own, paths in full; what it has no text for is left out.
    """

    key: str
    params: Mapping[str, str]
    _file: str = ""
    _record: Record | None = None
    _columns: Columns | None = None
    _told: frozenset[str] = frozenset()

    @property
    def cells(self) -> Mapping[str, str]:
        """The text of every column of the file, blanks at its ends left out."""
        return {} if self._record is None else {name: text.strip() for name, text in self._record.cells.items()}

    def placed(self, problem: Problem) -> Problem | None:
        """Return a problem of one of its params at its place in the row file.

        As it is if it is no problem of this row's own, and None if it was told for all rows.
        """
        section, _, param = problem.field.partition(".")
        if section != "params" or self._record is None or self._columns is None:
            return problem
        if param in self._told:
            return None
        columns = self._columns.params[param].columns if param in self._columns.params else (param,)
        is_own = param in self._columns.params or param in self._record.cells or param in self._columns.missing
        if not is_own:
            return problem
        position = self._record.position(columns[0] if columns else "")
        return problem._replace(field=f"{self.key}.{param}", file=self._file, position=position)


def row_cells(file: RowFile, mapping: RowMapping) -> dict[str, dict[str, str]]:
    """Return what stands in each row by its key: every column by its name, whether a pipeline takes it or not.

    Raises:
        PlanError: the file cannot be read as rows.
        RowsChangedError: somebody writes to it.
    """
    no_params = Pipeline(name="rows", steps={}, rows=mapping.model_copy(update={"params": {}}))
    found = Findings()
    cells = {row.key: dict(row.cells) for row in RowReading(file, no_params, {}).rows(found)}
    found.raise_any()
    return cells


class RowReading:
    """The rows of one file as one pipeline takes them. May be gone through again.

    Attributes:
        notes: what a person should know before they pay; there once rows were read.
    """

    def __init__(self, file: RowFile, pipeline: Pipeline, common: Mapping[str, object]) -> None:
        """Take a file and a pipeline.

        Args:
            common: params that all rows are given alike; a row's own go before them.
        """
        self._file = file
        self._pipeline = pipeline
        self._common = {name for name, value in common.items() if value not in (None, "")}
        self._choices: dict[tuple[str, ...], Columns] = {}
        self._told: frozenset[str] = frozenset()
        self._key_of_all: str | None = None
        self.notes: tuple[str, ...] = ()

    def rows(self, found: Findings) -> Iterator[Row]:
        """Yield each row that is one; what is wrong goes to `found`.

        Raises:
            RowsChangedError: somebody writes to the file.
        """
        count = 0
        try:
            with self._file.table(self._pipeline.rows) as table, SeenKeys() as seen:
                columns = self._columns_of_all(table, found)
                for count, record in enumerate(table.records, start=1):  # noqa: B007 - asked for below
                    if record.fault:
                        found.add(record.fault)
                        continue
                    yield self._row(record, columns or self._columns_of(record), seen, found)
        except PipelineFileError as error:
            found.add(*error.problems)
            if count:
                found.add(Problem("", "nothing was read after that", self._file.name))
        else:
            if not count:
                found.add(Problem("", "has a header and no rows", self._file.name))

    def _columns_of_all(self, table: Table, found: Findings) -> Columns | None:
        """Look at the header; return what it gives if all records have those columns."""
        if table.header is None:
            return None
        columns = columns_of(self._pipeline, self._common, table.header, self._file.name)
        missing = [
            without_column(name, columns, table.header, self._file.name)
            for name in columns.missing
            if name not in self._pipeline.rows.params
        ]
        found.add(*columns.problems, *missing)
        self._told = frozenset(columns.missing)
        self._key_of_all = columns.key
        unused = unused_note(self._pipeline, columns, self._file.name)
        self.notes = tuple(note for note in (table.note, unused) if note)
        return None if table.varies else columns

    def _columns_of(self, record: Record) -> Columns:
        names = tuple(record.cells)
        if names not in self._choices:
            if len(self._choices) >= _COLUMNS_KEPT:
                self._choices.clear()
            header = Header.of(names, record.position("").line)
            columns = columns_of(self._pipeline, self._common, header, self._file.name)
            self._choices[names] = replace(columns, key=self._key_of_all or columns.key)
        return self._choices[names]

    def _row(self, record: Record, columns: Columns, seen: SeenKeys, found: Findings) -> Row:
        key = self._key(record, columns, seen, found)
        is_keyed = record.key is not None
        # Blanks at the ends of a spreadsheet's cell are not meant.
        cells = record.cells if is_keyed else {column: text.strip() for column, text in record.cells.items()}
        params: dict[str, str] = {}
        for param, source in columns.params.items():
            text = source.text(cells, key)
            if text or (is_keyed and param in cells):
                params[param] = placed(text, self._file.base) if source.is_path else text
            for column in source.columns:
                if cells.get(column) in _EXCEL_ERRORS:
                    found.add(self._excel_error(record, column))
        if is_keyed:  # what it names are params, also where the pipeline has none of that name
            params |= {name: cells[name] for name in columns.unused}
        return Row(key, params, self._file.name, record, columns, self._told)

    def _key(self, record: Record, columns: Columns, seen: SeenKeys, found: Findings) -> str:
        if record.key is None and columns.key is None:
            return ""  # told of the header
        key = row_key(record.cells.get(columns.key or "", "")) if record.key is None else record.key
        position = record.position(columns.key or "")
        fault = key_fault(key)
        if fault is None and (first := seen.first(key, position)):
            fault = f"the key {quoted(key)} stands here twice, first in line {first.line}"
            found.add(Problem("", fault, self._file.name, position, "a key that stood there before"))
        elif fault:
            found.add(Problem("", fault, self._file.name, position))
        return key

    def _excel_error(self, record: Record, column: str) -> Problem:
        message = f"the cell holds Excel's error {record.cells[column].strip()}"
        return Problem(column, message, self._file.name, record.position(column))
