"""`florist init`: what it makes is there, works as its README says, and overwrites nothing."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from florist.commands.init import project_files
from tests.commands.conftest import ROOT, Desk
from tests.flows.told import blocks_of, commands_in

NOT_TYPED = {
    "pip install -r requirements.txt": "this environment has Florist",
    "florist sandbox": "the desk's serves",
}
FILES = {
    *("README.md", "rows.csv", "requirements.txt", "prefect.yaml", ".env.example", ".gitignore", "Dockerfile"),
    *("pipelines/launch.yaml", "pictures/amber.png", "pictures/blue.png", ".github/workflows/plan.yaml"),
    *("work-pools/README.md", "work-pools/process.json", "work-pools/docker.json"),
}


@pytest.fixture
def project(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, in which the tests type."""
    code, _ = desk.florist("init", desk.folder / "My Shop")
    assert code == 0
    monkeypatch.chdir(desk.folder / "My Shop")
    return desk.folder / "My Shop"


def port_of(desk: Desk) -> str:
    return str(urlsplit(desk.sandbox.base_url).port)


def type_in(desk: Desk, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type a line of the README into a terminal, whose environment stays."""
    if command.startswith("florist "):
        code, said = desk.florist(*shlex.split(command)[1:])
        assert code == 0, said
        return
    typed = ["bash", "-ec", f"{command.replace('8787', port_of(desk))}; env -0"]
    for line in subprocess.run(typed, capture_output=True, text=True, check=True).stdout.split("\0"):
        name, _, value = line.partition("=")
        if name.startswith("FLORA_"):
            monkeypatch.setenv(name, value.replace(":8787", f":{port_of(desk)}"))


def test_commands_of_the_readme_run_and_pay_once(project: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    without_a_key, with_a_key, _ = [
        block for block in blocks_of(project / "README.md") if block.language == "console"
    ]
    monkeypatch.delenv("FLORA_API_KEY")
    for command in (*commands_in(without_a_key), *commands_in(with_a_key)):
        if command not in NOT_TYPED:
            type_in(desk, command, monkeypatch)
    assert os.environ["FLORA_API_KEY"] == "sk_test_me"
    assert desk.books.total.charged == 4
    assert len(list((project / "delivered").rglob("*.png"))) == 2
    assert (project / "pipelines/techniques.lock.json").is_file()


def test_ci_job_plans_against_a_sandbox_of_its_own(project: Path, desk: Desk, free_port: int):
    (project / "bin").mkdir()
    (project / "bin/florist").write_text(f'#!/bin/sh\nexec {sys.executable} -m florist.cli "$@"\n')
    (project / "bin/florist").chmod(0o755)
    workflow = YAML(typ="safe").load(
        (project / ".github/workflows/plan.yaml").read_text().replace("8787", str(free_port))
    )
    installed, planned = [step["run"] for step in workflow["jobs"]["plan"]["steps"] if "run" in step]
    assert installed in NOT_TYPED
    path = f"{project / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, **workflow["env"], "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-ec", planned], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "To pay now: 4 runs for $0.28" in done.stdout
    assert desk.books.total.requests == 0


@pytest.fixture
def free_port() -> int:
    from deployments.server_processes import free_port

    return free_port()


def test_project_is_made_of_these_files_and_nothing_is_left_to_fill_in(project: Path):
    made = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    assert made == FILES
    texts = {name: (project / name).read_bytes() for name in made if not name.endswith(".png")}
    assert [name for name, text in texts.items() if re.search(rb"@[A-Z]+@", text)] == []
    assert YAML(typ="safe").load(texts["prefect.yaml"])["name"] == "my-shop"


def test_init_where_a_file_of_its_names_is_refuses_and_writes_nothing(desk: Desk):
    (desk.folder / "mine").mkdir()
    (desk.folder / "mine/rows.csv").write_text("mine")
    code, said = desk.florist("init", desk.folder / "mine")
    assert (code, "has rows.csv already" in said) == (1, True)
    assert [path.name for path in (desk.folder / "mine").iterdir()] == ["rows.csv"]
    assert (desk.folder / "mine/rows.csv").read_text() == "mine"


def test_base_job_template_of_a_process_is_prefect_s_own_with_heartbeats(project: Path):
    from deployments.prepare import _beating, _template

    assert json.loads((project / "work-pools/process.json").read_text()) == _beating(_template())


def test_base_job_template_of_a_container_fills_in_what_it_declares_and_says_that_it_was_not_run(project: Path):
    template = json.loads((project / "work-pools/docker.json").read_text())
    filled = {value.strip("{} ") for value in template["job_configuration"].values()}
    assert filled == template["variables"]["properties"].keys()
    not_run = ("not run where Florist is made", "work-pools/docker.json", "Dockerfile", "work-pools/README.md")
    assert all(not_run[0] in (project / name).read_text() for name in not_run[1:])


def test_ignored_files_are_those_that_hold_secrets_or_outputs(project: Path):
    assert {".env", "outputs/", ".flora-sandbox/"} <= set((project / ".gitignore").read_text().split())


@pytest.mark.parametrize("repository", ["", "https://git.example.com/you/shop.git"])
def test_deployments_name_what_a_checkout_has_and_pull_only_from_a_repository_that_is_named(repository: str):
    from importlib import import_module

    files = project_files("shop", repository=repository, branch="main", source="git+https://x")
    shown = YAML(typ="safe").load(files["prefect.yaml"])
    pulled = [step["prefect.deployments.steps.git_clone"] for step in shown.get("pull", ())]
    assert pulled == ([{"repository": repository, "branch": "main"}] if repository else [])
    modules = [deployment["entrypoint"].rpartition(".")[0] for deployment in shown["deployments"]]
    assert all(import_module(module) for module in modules)
