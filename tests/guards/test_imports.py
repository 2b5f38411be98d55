"""Imports go one way: florist ← blocks ← flows ← deployments; the sandbox stands alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "florist": set(),
    "blocks": {"florist", "prefect", "prefect_aws"},
    "flows": {"florist", "blocks", "prefect"},
    "deployments": {"florist", "blocks", "flows", "flora_sandbox", "prefect"},
    "flora_sandbox": set(),
}
ROOMS = {*MAY_IMPORT, "prefect", "prefect_aws"}
# The command line starts whatever a person asks for, so it alone may reach up; it does so inside functions.
REACHES_UP = {"florist/cli.py": {"blocks", "flows", "flora_sandbox", "prefect"}}

FILES = [path for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]


def imported_rooms(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_import_of_another_room_goes_downwards(path):
    name = path.relative_to(ROOT).as_posix()
    room = name.partition("/")[0]
    allowed = MAY_IMPORT[room] | {room} | REACHES_UP.get(name, set())
    reached = {found for found in imported_rooms(ast.parse(path.read_text())) if found in ROOMS}
    assert reached <= allowed


def test_command_line_at_import_reaches_no_room_above_it():
    body = ast.parse((ROOT / "florist/cli.py").read_text()).body
    at_import = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    rooms = {room for node in at_import for room in imported_rooms(ast.Module([node], []))}
    assert rooms.isdisjoint(ROOMS - {"florist"})


def test_flow_file_is_never_named_like_a_package():
    names = {path.stem for path in (ROOT / "flows").glob("*.py")}
    assert names.isdisjoint(ROOMS | {"tests"})


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.relative_to(ROOT).parts[0] in {"flows", "blocks"}]
)
def test_annotations_that_prefect_reads_are_there_at_run_time(path):
    source = path.read_text()
    assert "from __future__ import annotations" not in source
    assert "TYPE_CHECKING" not in source
