"""What is shipped: the wheel's rooms, its entry points, and the versions it was tested with."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_wheel_holds_the_four_rooms_that_run():
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages == ["florist", "flora_sandbox"]


def test_constraints_are_versions_alone():
    assert [line for line in CONSTRAINTS if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_constraints_pin_everything_asked_for_and_fit_it():
    for requirement in required():
        assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)]), requirement


def test_fastapi_stays_below_the_version_that_breaks_prefect_deploy():
    [fastapi] = [requirement for requirement in required() if requirement.name == "fastapi"]
    assert not fastapi.specifier.contains("0.151.0")
    assert fastapi.specifier.contains(PINNED["fastapi"])


def test_sqlalchemy_stays_below_the_version_that_stops_prefect_s_scheduler():
    [sqlalchemy] = [requirement for requirement in required() if requirement.name == "sqlalchemy"]
    assert not sqlalchemy.specifier.contains("2.1.0")


def test_installed_entry_point_hands_prefect_the_blocks():
    [found] = [point for point in entry_points(group="prefect.collections") if point.name == "florist"]
    module = found.load()
    assert {"FloraWorkspace", "LocalArchive", "S3Archive"} <= set(dir(module))
