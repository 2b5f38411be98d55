"""docs/sandbox.md says what the sandbox is set to and can do, and its commands work."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flora_sandbox.command import main
from flora_sandbox.faults import SCENARIOS, FaultName
from flora_sandbox.routes import admin
from flora_sandbox.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S)
CURLS = [
    command
    for language, block in BLOCKS
    if language == "console"
    for command in block.replace("\\\n", "").splitlines()
    if command.startswith("curl ")
]


def rows(heading: str) -> dict[str, str]:
    """Return the second column of the table under a heading, by the first."""
    table = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return {
        name: cell
        for names, cell in re.findall(r"^\| (`[^|]+`) \| ([^|]*?) ?\|", table, re.M)
        for name in re.findall(r"`(\w+)`", names)
    }


def test_page_lists_every_setting_with_its_default_as_the_command_takes_it(monkeypatch):
    served = []
    monkeypatch.setattr("flora_sandbox.command.serve", lambda _, settings: served.append(settings))
    told = {name: cell.strip("`") for name, cell in rows("Settings").items()}
    main([f"--set={name}={default}" for name, default in told.items() if default])
    assert list(told) == list(Settings.model_fields)
    assert served == [Settings()]


def test_page_lists_every_fault():
    assert list(rows("Faults")) == list(FaultName)


def test_page_lists_every_scenario():
    (line,) = re.findall(r"^Scenarios, .*", PAGE, re.M)
    assert re.findall(r"`(\w+)`", line) == list(SCENARIOS)


def test_page_names_every_route_that_flora_does_not_have():
    routes = {route.path for route in admin.router.routes}
    assert set(re.findall(r"/_sandbox/\w+", PAGE)) == routes


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_commands_of_the_page_are_answered(sandbox):
    statuses = {}
    for command in CURLS:
        aimed = command.replace("http://127.0.0.1:8787", sandbox.url)
        done = subprocess.run(
            f"{aimed} -s -o /dev/null -w '%{{http_code}}'", shell=True, capture_output=True, text=True, check=True
        )
        statuses[command] = int(done.stdout)
    assert {status for command, status in statuses.items() if "rate_limited" not in command} == {200}
    assert [status for command, status in statuses.items() if "rate_limited" in command] == [429]


def test_python_of_the_page_runs(capsys):
    exec("\n".join(block for language, block in BLOCKS if language == "python"), {})
    assert re.fullmatch(r"http://\S+ sk_test_sandbox 0\n", capsys.readouterr().out)
