"""`florist run` where no Prefect server is named: the same campaign, in one process."""

import json
import shlex
import signal
import subprocess
import time
from pathlib import Path
from threading import Timer

import pytest

from flora_sandbox.faults import Fault
from tests.commands.conftest import Desk

HEADLINES = """
name: headlines
description: One step.
params:
  brief: {type: text, default: Spring flowers}
steps:
  lines: {technique: headline-writer, inputs: {brief: "${params.brief}"}}
"""
ROWS = "a: {brief: Tulips}\nb: {brief: Roses}\nc: {brief: Lilies}\n"


@pytest.fixture
def campaign(desk: Desk) -> tuple[object, ...]:
    """The words that run three rows."""
    (desk.folder / "rows.yaml").write_text(ROWS)
    options = ("--rows", desk.folder / "rows.yaml", "--archive", desk.archive, "--campaign", "spring")
    return ("run", desk.pipeline(HEADLINES), *options)


def test_run_without_a_server_says_so_and_keeps_each_output(desk: Desk):
    code, said = desk.florist("run", desk.pipeline(HEADLINES), "--archive", desk.archive, "--campaign", "spring")
    (line,) = [line for line in said.splitlines() if line.startswith("Without Prefect.")]
    assert (code, "PREFECT_API_URL" in line) == (0, True)
    assert "spring: 1 run, $0.01 charged, as quoted" in said
    assert "lines\tnew\trun_" in said
    assert len(list((desk.archive / "campaigns").rglob("*.txt"))) == desk.books.total.runs == 1


def test_run_with_a_gap_exits_with_3_and_rerun_fills_it(desk: Desk, campaign: tuple[object, ...]):
    desk.sandbox.set_faults(Fault(name="safety_blocked", technique="headline-writer", times=1))
    code, said = desk.florist(*campaign)
    assert (code, "2 of 3 rows" in said.splitlines()[-1], "safety_blocked" in said) == (3, True, True)
    code, said = desk.florist("rerun", "spring", "--archive", desk.archive)
    assert (code, "3 of 3 rows" in said or "1 of 1 row" in said, desk.books.total.charged) == (0, True, 3)


def test_run_with_json_prints_events_alone(desk: Desk, campaign: tuple[object, ...]):
    out, said = desk.started(*campaign, "--json", "--budget", "0.02").communicate(timeout=60)
    events = [json.loads(line) for line in out.splitlines()]
    assert (events[0]["event"], events[0]["rows"], events[0]["budget_usd"]) == ("plan", 3, "0.02")
    assert [event["reason"] for event in events if event["event"] == "gap"] == ["not_started: budget"]
    assert (events[-1]["event"], events[-1]["state"]) == ("end", "CompletedWithGaps")
    assert "Without Prefect." in said


def test_run_that_falls_below_min_success_exits_with_1(desk: Desk, campaign: tuple[object, ...]):
    desk.sandbox.set_faults(Fault(name="safety_blocked", technique="headline-writer", times=1))
    code, said = desk.florist(*campaign, "--min-success", "0.9")
    assert (code, said.splitlines()[-1].startswith("florist: 2 of 3 rows")) == (1, True)


def test_run_keeps_the_plan_it_was_made_by(desk: Desk, campaign: tuple[object, ...]):
    desk.florist(*campaign)
    code, said = desk.florist("plan", *campaign[1:])
    assert (code, "3 reused" in said, "Since the run of" in said) == (0, True, True)


def test_run_that_nobody_reads_any_more_collects_what_it_has_paid_for(desk: Desk):
    process = desk.started("run", desk.pipeline(HEADLINES), "--archive", desk.archive, merged=True)
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert (desk.books.total.runs, len(list((desk.archive / "campaigns").rglob("*.txt")))) == (1, 1)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_says_how_to_go_on_and_that_costs_nothing_more(
    still_desk: Desk, sent: signal.Signals, code: int
):
    process = still_desk.started("run", still_desk.pipeline(HEADLINES), "--archive", still_desk.archive)
    wait_for_run(still_desk.archive, process)
    process.send_signal(sent)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in out + said) == (code, False), said
    assert "1 run, $0.01, goes on at FLORA." in said
    (resume,) = [line for line in said.splitlines() if line.startswith("    florist run")]
    still_desk.sandbox.clock.advance(60)
    code, said = still_desk.florist(*shlex.split(resume)[1:])
    assert (code, "lines\tresumed\trun_" in said, still_desk.books.total.runs) == (0, True, 1)


def wait_for_run(archive: Path, process: subprocess.Popen[str]) -> None:
    """Return once the ledger knows the run that was started."""
    while not any((archive / "ledger/entries").glob("*/*/0001.json")):  # sent, started
        assert process.poll() is None, "it ended before it had started a run"
        time.sleep(0.05)


def test_second_run_of_a_campaign_says_that_another_is_at_work(still_desk: Desk):
    words = ("run", still_desk.pipeline(HEADLINES), "--archive", still_desk.archive, "--campaign", "spring")
    first = still_desk.started(*words)
    wait_for_run(still_desk.archive, first)
    second = still_desk.started(*words, merged=True)
    assert second.stdout
    too_late = Timer(60, second.kill)
    too_late.start()
    assert any("another run of campaign spring is at work" in line for line in second.stdout)
    too_late.cancel()
    still_desk.sandbox.clock.advance(60)
    assert (second.wait(60), first.wait(60), still_desk.books.total.runs) == (0, 0, 1)


def test_run_beside_no_checkout_goes_without_prefect_and_says_where_the_flows_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("florist.commands.starting.is_checkout", lambda: False)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    code, said = desk.florist("run", desk.pipeline(HEADLINES), "--archive", desk.archive)
    assert (code, "in a checkout of Florist" in said, desk.books.total.runs) == (0, True, 1)


def test_run_with_a_server_that_does_not_answer_names_it_and_pays_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    _, said = desk.started("run", desk.pipeline(HEADLINES), "--archive", desk.archive).communicate(timeout=60)
    assert "no Prefect server answers at http://127.0.0.1:1/api" in said.splitlines()[-1]
    assert desk.books.total.requests == 0
