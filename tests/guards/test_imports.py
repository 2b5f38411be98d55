"""Imports go one way: between the rooms of the house, and so between modules, which import each other nowhere.

A room is a package, or a few modules with a name in common. Whoever adds one says here what it may import.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

GROUND_FLOOR = {
    *("errors", "settings", "secrets", "frozen", "media_types", "amounts", "per_loop", "wording"),
    "upload_address",
}
ROOM_OF = {"florist": "face"} | {f"florist.{name}": "ground floor" for name in GROUND_FLOOR}
"""Modules whose room is not the package that they are in."""

LIBRARY = {
    "ground floor",
    "api",
    "stores",
    "archive",
    "ledger",
    "pipelines",
    "studio",
    "client",
    "campaigns",
    "sweep",
    "checkup",
    "gallery",
    "serving",
}
MAY_IMPORT = {
    "ground floor": set(),
    "api": {"ground floor"},
    "stores": {"ground floor"},
    "archive": {"ground floor", "api", "stores"},
    "ledger": {"ground floor", "api", "stores"},
    "pipelines": {"ground floor", "api"},
    "studio": {"ground floor", "api", "stores", "archive", "ledger", "pipelines"},
    "campaigns": LIBRARY - {"client", "campaigns", "checkup", "gallery", "serving"},
    "client": {"ground floor", "api", "stores", "archive"},
    "sweep": LIBRARY - {"client", "sweep", "campaigns", "checkup", "gallery", "serving"},
    "checkup": LIBRARY - {"client", "checkup", "gallery", "serving"},
    "gallery": LIBRARY - {"client", "checkup", "gallery", "serving"},
    "serving": LIBRARY - {"client", "checkup", "serving"},
    "commands": LIBRARY,
    # The command line starts whatever a person asks for, so it alone may reach up; it does so inside functions.
    "cli": LIBRARY | {"face", "commands", "blocks", "flows", "deployments", "flora_sandbox", "prefect"},
    # Lazy: it imports a name when somebody asks for it.
    "face": LIBRARY,
    "blocks": LIBRARY | {"prefect", "prefect_aws"},
    "flows": LIBRARY | {"blocks", "prefect"},
    "deployments": LIBRARY | {"blocks", "flows", "flora_sandbox", "prefect"},
    "flora_sandbox": set(),
}
PACKAGES = ("florist", "blocks", "flows", "deployments", "flora_sandbox")
WATCHED = {*PACKAGES, "prefect", "prefect_aws"}
VERSION = ("florist", "__version__")
"""What every room may ask the face for."""


class Imported(NamedTuple):
    """One name that a module imports from a module of ours, or from Prefect."""

    importer: str
    module: str
    name: str
    line: int
    is_at_import: bool


def module_named(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_named(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def room_of(module: str) -> str:
    package, *rest = module.split(".")
    return ROOM_OF.get(module) or (rest[0] if package == "florist" else package)


def statements(node: ast.AST, *, is_at_import: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each import below a node, and whether it is executed when the module is imported."""
    for child in ast.iter_child_nodes(node):
        is_later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, is_at_import
        yield from statements(child, is_at_import=is_at_import and not is_later and not is_for_types)


def imports_of(module: str, source: str) -> Iterator[Imported]:
    for node, is_at_import in statements(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}:{node.lineno}: write the whole name of what is imported"
            found = [(node.module, alias.name) for alias in node.names]
        else:
            found = [(alias.name, "") for alias in node.names]
        for origin, name in found:
            target = f"{origin}.{name}" if f"{origin}.{name}" in PATHS else origin
            if target.partition(".")[0] in WATCHED:
                yield Imported(module, target, name, node.lineno, is_at_import)


IMPORTS = [found for module, path in PATHS.items() for found in imports_of(module, path.read_text())]


def test_import_of_another_room_goes_downwards():
    offenders = [
        f"{found.importer}:{found.line} imports {found.module}"
        for found in IMPORTS
        if room_of(found.module) not in MAY_IMPORT[room_of(found.importer)] | {room_of(found.importer)}
        and (found.module, found.name) != VERSION
    ]
    assert offenders == []


def test_architecture_page_tells_what_each_room_may_import():
    page = (ROOT / "docs/architecture.md").read_text()
    table = page.split("## Rooms\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \|[^|]+\|([^|]*)\|$", table, re.M)
    told = {room: set(re.findall(r"`([^`]+)`", cell)) for room, cell in rows}
    for names in told.values():
        if "library" in names:
            names.remove("library")
            names.update(LIBRARY)
    assert told == MAY_IMPORT


def test_modules_import_each_other_nowhere():
    graph = {module: set[str]() for module in PATHS}
    for found in IMPORTS:
        if found.is_at_import and found.module in PATHS:
            graph[found.importer].add(found.module)
    assert sorted(module for module in graph if module in reached_from(module, graph)) == []


def reached_from(module: str, graph: dict[str, set[str]]) -> set[str]:
    reached, left = set[str](), [module]
    while left:
        fresh = graph[left.pop()] - reached
        reached |= fresh
        left.extend(fresh)
    return reached


def test_command_line_at_import_reaches_no_room_above_it():
    above = MAY_IMPORT["cli"] - LIBRARY - {"commands", "face"}
    at_import = [found for found in IMPORTS if found.importer == "florist.cli" and found.is_at_import]
    assert [found.module for found in at_import if room_of(found.module) in above] == []


def test_flow_file_is_never_named_like_a_package():
    names = {path.stem for path in (ROOT / "flows").glob("*.py")}
    assert names.isdisjoint(WATCHED | {"tests"})


def test_annotations_that_prefect_reads_are_there_at_run_time():
    traps = ("from __future__ import annotations", "TYPE_CHECKING")
    prefects = [path for module, path in PATHS.items() if room_of(module) in {"flows", "blocks"}]
    assert [(path.name, trap) for path in prefects for trap in traps if trap in path.read_text()] == []
