"""Row files: YAML or JSON that maps each row's key to its own params."""

from pathlib import Path

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.file_text import file_text
from florist.pipelines.problems import FieldPath, Problem, problem_at
from florist.pipelines.yaml_tree import Entries, Node, Scalar, yaml_tree

_FILE_SHAPE = "is no mapping of rows; write each row under a key of its own, such as sku-1: {tone: luxury}"
_ROW_SHAPE = "is no row; write its params by name, such as {tone: luxury}"


def load_rows(path: Path) -> dict[str, dict[str, str]]:
    """Read a row file.

    Raises:
        PipelineFileError: it cannot be read, or is no such mapping; `error.problems` lists all there is to mend.
    """
    root, problems = yaml_tree(file_text(path), file=str(path))
    rows = _rows(root, problems, str(path))
    if not rows and not problems:
        problems.append(Problem("", "holds no rows; write a mapping from each row's key to its params", str(path)))
    if problems:
        raise PipelineFileError(problems)
    return rows


def _rows(root: Node, problems: list[Problem], file: str) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for key, (_, row) in _entries(root, (), problems, file).items():
        rows[key] = {}
        for name, (_, value) in _entries(row, (key,), problems, file).items():
            if isinstance(value, Scalar):
                rows[key][name] = value.text or ""
            else:
                problems.append(_problem((key, name), value, "a param takes one text, number or path", file))
    return rows


def _entries(node: Node, path: FieldPath, problems: list[Problem], file: str) -> dict[str, tuple[object, Node]]:
    if isinstance(node, Entries):
        return dict(node.entries)
    if isinstance(node, Scalar) and node.text is None:
        return {}
    what = _ROW_SHAPE if path else _FILE_SHAPE
    problems.append(_problem(path, node, what, file))
    return {}


def _problem(path: FieldPath, node: Node, message: str, file: str) -> Problem:
    return problem_at(path, message, file=file, positions={path: node.position})
