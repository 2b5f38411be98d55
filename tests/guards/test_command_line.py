"""The command line imports what the command needs, and never Prefect for a command that needs none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.cli import COMMANDS, command_line

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """
name: headlines
steps:
  lines: {technique: headline-writer, inputs: {brief: Spring flowers}}
"""
CALLED = """
import json, sys
from florist.cli import main

imported = {}
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as ended:
        assert not ended.code, (words, ended.code)
    imported[" ".join(words[:1])] = [name for name in sys.argv[2:] if name in sys.modules]
print(json.dumps(imported))
"""
HEAVY = ("prefect", "pydantic", "httpx", "boto3", "botocore", "asyncio", "florist.ledger")


def imported_by(*commands: tuple[str, ...], watched: tuple[str, ...], cwd: Path = ROOT) -> dict[str, list[str]]:
    """Return which of the watched modules are imported after each of the commands, run in one fresh process."""
    ended = subprocess.run(
        [sys.executable, "-c", CALLED, json.dumps(commands), *watched],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, list[str]] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_help_imports_nothing_heavy():
    assert imported_by(("--help",), watched=HEAVY) == {"--help": []}


def test_commands_that_need_no_prefect_never_import_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "headlines.yaml").write_text(PIPELINE)
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "no-profiles.toml"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    given = ("headlines.yaml", "--campaign", "spring", "--archive", "archive")
    with SandboxServer(tmp_path / "sandbox", Settings(duration_scale=0)) as sandbox:
        monkeypatch.setenv("FLORA_API_KEY", sandbox.api_key)
        monkeypatch.setenv("FLORA_BASE_URL", sandbox.base_url)
        imported = imported_by(
            ("--help",),
            ("plan", *given),
            ("run", *given, "--budget", "1"),
            ("bill", "spring", "--archive", "archive"),
            ("budget", "spring", "--archive", "archive"),
            ("rerun", "spring", "--archive", "archive"),
            watched=("prefect",),
            cwd=tmp_path,
        )
        assert sandbox.books().total.runs == 1
    assert (list(imported), set().union(*imported.values())) == (
        ["--help", "plan", "run", "bill", "budget", "rerun"],
        set(),
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_list_of_commands_says_of_each_what_it_says_of_itself(name: str):
    _, first_words = COMMANDS[name]
    assert command_line([name])[name].help.partition("\n")[0] == first_words
