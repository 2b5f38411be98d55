"""What `florist` shows: its names, where they come from, and what importing it costs."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import florist

ROOT = Path(__file__).parents[2]
# The docstring of a manifest is published in its JSON Schema; the link stands in its module's.
LINKED_BY_MODULE = {"Manifest"}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a statement loads in a process of its own."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


def test_names_are_sorted_and_each_is_told_once():
    assert florist.__all__ == sorted(florist.__all__)
    assert len(set(florist.__all__)) == len(florist.__all__)
    assert set(florist.__all__) == set(florist._MODULE_OF)


def test_dir_shows_all_names():
    assert {*florist.__all__, "__version__"} <= set(dir(florist))


@pytest.mark.parametrize("name", florist.__all__)
def test_name_is_that_of_its_own_module_and_documented_with_an_example(name):
    value = getattr(florist, name)
    module = importlib.import_module(value.__module__)
    assert value.__module__.startswith("florist.")
    assert getattr(module, name) is value
    doc = (module if name in LINKED_BY_MODULE else value).__doc__ or ""
    assert "Example" in doc


@pytest.mark.parametrize("name", florist.__all__)
def test_link_of_a_docstring_leads_to_a_section_that_names_it(name):
    doc = inspect.getdoc(getattr(florist, name)) or ""
    _, _, link = doc.partition('docs/client.md, "')
    sections = (ROOT / "docs/client.md").read_text().split("\n## ")
    assert not link or any(section.startswith(link.partition('"')[0]) for section in sections)


def test_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Ledgr"):
        _ = florist.Ledgr


def test_version_is_that_of_the_distribution():
    assert florist.__version__[0].isdecimal()


def test_importing_the_package_loads_nothing_but_the_standard_library():
    loaded = loaded_by("import florist")
    assert {name.partition(".")[0] for name in loaded} <= {"florist", *sys.stdlib_module_names}
    assert len(loaded) < 10


def test_client_loads_neither_prefect_nor_boto3():
    heavy = {name.partition(".")[0] for name in loaded_by("from florist import FloraClient, FolderStore")}
    assert heavy.isdisjoint({"prefect", "boto3", "botocore", "blocks", "flows"})


def test_nothing_below_the_client_imports_it():
    above = {"__init__.py", "cli.py", "client", "commands"}
    below = [path for path in sorted((ROOT / "florist").iterdir()) if path.name not in above]
    files = [file for path in below for file in (path.rglob("*.py") if path.is_dir() else [path])]
    assert [file for file in files if re.search(r"(from|import) florist\.client", file.read_text())] == []
