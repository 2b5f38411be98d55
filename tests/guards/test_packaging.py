"""What is shipped: the wheel's packages, its entry points, and the versions it was tested with."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from florist.commands.checkout import is_checkout

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONSTRAINTS = [
    line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")
]
PINNED = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in CONSTRAINTS)}


def required() -> list[Requirement]:
    project = PROJECT["project"]
    groups = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    ]
    return [Requirement(line) for group in groups for line in group]


def test_wheel_holds_the_two_packages_that_shadow_nobody_s_own():
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages == ["florist", "flora_sandbox"]


def test_constraints_are_versions_alone():
    assert [line for line in CONSTRAINTS if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_constraints_pin_everything_asked_for_and_fit_it():
    for requirement in required():
        assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)]), requirement


def test_prefect_s_next_minor_version_is_not_let_in_untried():
    [prefect] = [requirement for requirement in required() if requirement.name == "prefect"]
    assert not prefect.specifier.contains("3.10.0")


def test_wheel_names_no_module_that_is_not_in_it_to_prefect():
    assert "entry-points" not in PROJECT["project"]


def test_prefect_s_part_is_here_and_not_beside_the_library_alone(tmp_path):
    assert (is_checkout(), is_checkout(tmp_path)) == (True, False)


@pytest.fixture
def said_beside_others(tmp_path):
    """Run code where other packages named `blocks` and `flows` come first on the path; returns what it printed."""
    for package in ("blocks", "flows"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()

    def run(code):
        command = [sys.executable, "-c", f"from florist.commands.checkout import use_checkout\n{code}"]
        environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
        ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        return ended.stdout + ended.stderr

    return run


def test_prefect_s_part_is_the_checkout_s_though_others_come_first_on_the_path(said_beside_others):
    said = said_beside_others("use_checkout(); import flows; print(flows.__file__)")
    assert said.strip() == str(ROOT / "flows/__init__.py")


def test_prefect_s_part_imported_from_elsewhere_already_is_not_taken_for_ours(said_beside_others):
    said = said_beside_others("import flows; use_checkout()")
    assert "another package named `flows` is imported already" in said
