"""What people get wrong: each ends with one message that names the thing and the mend, before anything is paid."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from florist.commands.run_endings import RunRequest
from florist.ledger import Ledger
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.stores.folder import FolderStore
from tests.commands.conftest import ROOT, Desk
from tests.commands.mistakes import HEADLINES, MISTAKES, Mistake

REFUSED = """
name: refused
description: A step that FLORA will never make.
steps:
  portrait: {technique: celebrity-lookalike, inputs: {prompt: a famous singer}}
"""


@pytest.fixture(params=MISTAKES.values(), ids=MISTAKES.keys())
def mistake(request: pytest.FixtureRequest) -> Mistake:
    return request.param


def test_command_with_a_mistaken_pipeline_says_one_message_and_pays_nothing(desk: Desk, mistake: Mistake):
    params = [word for name, value in mistake.params.items() for word in ("--param", f"{name}={value}")]
    code, said = desk.florist("run", desk.pipeline(mistake.pipeline), "--archive", desk.archive, *params)
    assert code == 1
    assert said.startswith("florist: ")
    assert all(word in said for word in mistake.words)
    assert desk.books.total.requests == 0


def test_command_with_a_wrong_key_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLORA_API_KEY", "no_such_key")
    code, said = desk.florist("run", ROOT / "pipelines/product-launch.yaml", "--archive", desk.archive)
    assert code == 1
    assert re.fullmatch(r"florist: .*API key.*\n", said)


def test_command_without_a_key_names_the_variable(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("FLORA_API_KEY")
    code, said = desk.florist("run", ROOT / "pipelines/product-launch.yaml")
    assert code == 1
    assert said.startswith("florist: FLORA_API_KEY is not set")


def test_command_with_a_file_that_is_not_there_names_it(desk: Desk):
    code, said = desk.florist("run", "no-such-pipeline.yaml")
    assert code == 1
    assert re.fullmatch(r"florist: .*no-such-pipeline\.yaml.*\n", said)


def test_command_with_no_row_in_flight_is_refused(desk: Desk):
    code, said = desk.florist("run", ROOT / "pipelines/product-launch.yaml", "--max-in-flight", 0)
    assert code == 2
    assert "--max-in-flight" in said


def test_command_that_goes_on_keeps_the_rows_in_flight():
    options = CampaignDefaults(max_in_flight=5)
    request = RunRequest(Path("a.yaml"), (), "rows.yaml", "outputs", "spring", False, options)
    assert request.command().endswith("--rows rows.yaml --max-in-flight 5")


def test_command_with_a_campaign_of_another_archive_says_so_beside_the_price(desk: Desk):
    pipeline = desk.pipeline(HEADLINES)
    asked_for = (pipeline, "--archive", desk.archive, "--param", "brief=Spring", "--campaign", "spring")
    code, said = desk.florist("run", *asked_for)
    assert code == 0
    assert "Campaign spring is new there: all of it is to be paid for." in said
    code, said = desk.florist("run", *asked_for)
    assert "1 reused: paid for and kept" in said
    assert desk.books.total.runs == 1


def test_command_with_a_campaign_in_other_letters_asks_whether_it_is_new(desk: Desk):
    asked_for = ("run", desk.pipeline(HEADLINES), "--archive", desk.archive, "--param", "brief=Spring")
    desk.florist(*asked_for, "--campaign", "spring")
    code, said = desk.florist(*asked_for, "--campaign", "Spring")
    assert (code, "--new-campaign" in said, desk.books.total.runs) == (1, True, 1)
    code, said = desk.florist(*asked_for, "--campaign", "Spring", "--new-campaign")
    assert (code, desk.books.total.runs) == (0, 2)


def test_command_whose_step_failed_for_good_says_what_helps_and_restart_asks(desk: Desk):
    code, said = desk.florist("run", desk.pipeline(REFUSED), "--archive", desk.archive, "--campaign", "spring")
    assert code == 1
    assert "portrait failed for good (safety_blocked)." in said
    (again,) = [line for line in said.splitlines() if line.startswith("    florist rerun")]
    code, said = desk.florist(*shlex.split(again)[1:], "--dry-run")
    assert (code, "is paid for once more" in said) == (0, True)
    [entry] = asyncio.run(Ledger(FolderStore(desk.archive)).entries())
    restart = ("ledger", "restart", entry.key[:12], "--archive", desk.archive)
    code, said = desk.florist(*restart)
    assert (code, "--give-up-run" in said) == (1, True)
    code, said = desk.florist(*restart, "--give-up-run")
    assert (code, "will be paid for anew" in said) == (0, True)
