"""docs/deployments.md and README's deployments, typed command by command against a server of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.server_processes import prefect_server, sandbox_server, server_process
from tests.docs.shown import TYPED_ELSEWHERE, commands, first_of, stands

ROOT = Path(__file__).resolve().parents[2]
SERVED = ("prefect server start",)
HEADLINES = "name: headlines\nsteps: {lines: {technique: headline-writer, inputs: {brief: Spring flowers}}}\n"
OURS = "tests/drills/test_deployments_page.py"


@dataclass(frozen=True)
class Terminal:
    folder: Path
    environment: Mapping[str, str]

    def type(self, command: str) -> str:
        """Type a command in the checkout, with a folder in place of a bucket, and a person who agrees."""
        command = re.sub(r"s3://my-bucket/[^\s']*", str(self.folder / "outputs"), command)
        command = re.sub(r"(--archive) outputs", rf"\1 {self.folder / 'outputs'}", command)
        command += " --yes" * ("--probe-idempotency" in command)
        if command.startswith("make "):
            command = self._recipe(command)
        if command.startswith("prefect worker start"):
            return self._started(command)
        return self._done(["bash", "-ec", command])

    def _recipe(self, command: str) -> str:
        """Return what a target does, without the environment that it would make first."""
        words = command.replace("make ", "make --dry-run --assume-old=.venv/.installed BIN=$FLORIST_BIN ", 1)
        return self._done(["bash", "-ec", words]).splitlines()[-1]

    def _started(self, command: str) -> str:
        log = self.folder / "worker.log"
        shell = ["bash", "-ec", command]
        with server_process(
            shell, log=log, environment=self.environment, is_ready=lambda: "started!" in log.read_text()
        ):
            return log.read_text()

    def _done(self, words: list[str]) -> str:
        done = subprocess.run(words, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout + done.stderr)
        return done.stdout


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("page")
    programs = folder / "bin"
    programs.mkdir()
    for name, module in (("florist", "-m florist.cli"), ("prefect", "-m prefect"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        (programs / name).chmod(0o755)
    with (
        sandbox_server(folder / "flora", options=["--duration-scale", "0"]) as flora,
        prefect_server(folder / "prefect") as prefect,
    ):
        own = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "FLORIST_BIN": str(programs),
            "FLORA_BASE_URL": flora,
            "FLORA_API_KEY": "sk_test_page",
            "FLORA_WORKSPACE_ID": "ws_florist0001",
        }
        made = Terminal(folder, {**prefect.environment, **own})
        (folder / "headlines.yaml").write_text(HEADLINES)
        made.type(f"florist run {folder / 'headlines.yaml'} --archive outputs --campaign probed")
        yield made


@pytest.mark.drill
@pytest.mark.parametrize("page", ["docs/deployments.md", "README.md"])
def test_commands_of_the_page_do_what_they_say(terminal: Terminal, page: str) -> None:
    ours = [line for line in commands(page) if first_of(TYPED_ELSEWHERE, page, line) == OURS and not stands(line)]
    assert ours
    for command in ours:
        if command not in SERVED:
            terminal.type(command.replace("flora-ws_yourworkspace", "flora-ws_florist0001"))
