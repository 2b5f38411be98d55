"""`florist sandbox` and `florist sandbox report`."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.faults import SCENARIOS
from flora_sandbox.settings import DEFAULT_DATA, Settings
from florist.cli import main

Florist = Callable[..., int]
Served = list[tuple[Path, Settings]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What would be served, each time that something would be."""
    served: Served = []
    monkeypatch.setattr("flora_sandbox.command.serve", lambda data, settings: served.append((data, settings)) or 0)
    return served


@pytest.fixture
def florist() -> Florist:
    """Run `florist …`; return its exit code."""

    def run(*words: object) -> int:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        return int(ended.value.code or 0)

    return run


def test_sandbox_command_hands_every_option_on(florist, served, tmp_path):
    words = ["--port", 0, "--data", tmp_path, "--seed", -3, "--balance", "2.50", "--duration-scale", 0.5]
    words += [
        "--idempotency",
        "replay",
        "--scenario",
        "lost_answers",
        "--set",
        "page_size=7",
        "--set",
        "times=seconds",
    ]
    assert florist("sandbox", *words) == 0
    settings = Settings(
        seed=-3,
        balance_usd=Decimal("2.50"),
        duration_scale=0.5,
        idempotency="replay",
        faults=SCENARIOS["lost_answers"],
        page_size=7,
        times="seconds",
    )
    assert served == [(tmp_path, settings)]


def test_sandbox_command_without_options_has_its_port_and_the_modules_directory(florist, served):
    florist("sandbox")
    assert served == [(DEFAULT_DATA, Settings(port=8787))]


def test_report_of_a_running_sandbox_counts_runs_by_technique_and_key(sandbox, flora, florist, capsys):
    flora.text_run("k")
    flora.text_run("k")
    assert florist("sandbox", "report", "--data", sandbox.data_dir) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Idempotency key\tRequests\tRuns\tCompleted\tFailed\tCharged\tCharged usd\tMedia fetched" in lines
    assert {"tech_headlines01\t2\t1\t0\t0\t1\t0.01\t0", "k\t2\t1\t0\t0\t1\t0.01\t0"} <= set(lines)


def test_report_as_json_is_the_books_themselves(sandbox, flora, florist, capsys):
    flora.text_run("k")
    florist("sandbox", "report", "--json", "--data", sandbox.data_dir)
    assert json.loads(capsys.readouterr().out) == sandbox.books().model_dump(mode="json")


def test_report_where_no_sandbox_ran_says_how_to_name_another(florist, capsys, tmp_path):
    assert florist("sandbox", "report", "--data", tmp_path) == 1
    assert "--data" in capsys.readouterr().err
