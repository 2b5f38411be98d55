"""YAML and JSON that map each row's key to its own params. Read whole, so that each place is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.file_text import file_text
from florist.pipelines.problems import FieldPath, Position, Problem, problem_at
from florist.pipelines.row_files.records import Record, Table
from florist.pipelines.yaml_tree import Entries, Node, Scalar, yaml_tree

_FILE_SHAPE = "is no mapping of rows; write each row under a key of its own, such as sku-1: {tone: luxury}"
_ROW_SHAPE = "is no row; write its params by name, such as {tone: luxury}"
_TOO_LARGE = "; write many rows as CSV or JSON lines"


@contextmanager
def keyed_table(path: Path, name: str) -> Iterator[Table]:
    """Open a file of rows by their keys.

    Raises:
        PipelineFileError: it cannot be read, or is no such mapping; `error.problems` lists all there is to mend.
    """
    root, problems = yaml_tree(file_text(path, name=name, if_too_large=_TOO_LARGE), file=name)
    records = _records(root, problems, name)
    if not records and not problems:
        problems.append(Problem("", "holds no rows; write a mapping from each row's key to its params", name))
    if problems:
        raise PipelineFileError(problems)
    yield Table(iter(records), varies=True)


def _records(root: Node, problems: list[Problem], file: str) -> list[Record]:
    records: list[Record] = []
    for key, (position, row) in _entries(root, (), problems, file).items():
        cells: dict[str, str] = {}
        places: dict[str, Position] = {}
        for name, (_, value) in _entries(row, (key,), problems, file).items():
            if isinstance(value, Scalar):
                cells[name], places[name] = value.text or "", value.position
            else:
                problems.append(_problem((key, name), value, "a param takes one text, number or path", file))
        records.append(Record(cells, partial(_position, places, position), key=key))
    return records


def _position(places: dict[str, Position], of_key: Position, column: str) -> Position:
    return places.get(column, of_key)


def _entries(node: Node, path: FieldPath, problems: list[Problem], file: str) -> dict[str, tuple[Position, Node]]:
    if isinstance(node, Entries):
        return dict(node.entries)
    if isinstance(node, Scalar) and node.text is None:
        return {}
    problems.append(_problem(path, node, _ROW_SHAPE if path else _FILE_SHAPE, file))
    return {}


def _problem(path: FieldPath, node: Node, message: str, file: str) -> Problem:
    return problem_at(path, message, file=file, positions={path: node.position})
