"""`florist budget`: what a person sees, and decides."""

import asyncio
import json
from pathlib import Path

import pytest

from florist.campaigns.budget import rules
from florist.campaigns.budget.chain import Chain
from florist.campaigns.budget.counting import Counted
from florist.cli import main
from florist.stores.folder import FolderStore

SPENT = [
    Counted("a-0", None, 10_000, 10_000, "tech_1", "a", "still"),
    Counted("b-0", None, 20_000, None, "tech_1", "b", "still"),
]
ROWS = [rules.WantedRow("c", {"still": 30_000})]


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """A campaign that has cost a cent, may have cost two, and has three set aside of ten."""
    record = rules.with_block(rules.first_record(100_000, SPENT), ROWS, number=0)
    asyncio.run(Chain(FolderStore(tmp_path), "spring").append(None, record))
    return str(tmp_path)


def budget(archive: str, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["budget", *words, "--archive", archive])
    return int(ended.value.code or 0)


def told(archive: str, capsys, *words: str) -> dict[str, object]:
    assert budget(archive, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_budget_shows_what_is_charged_uncertain_reserved_and_free_and_the_rows_that_fit(archive, capsys):
    budget(archive, "spring")
    shown = capsys.readouterr().out
    amounts = ["cap\t$0.10", "charged\t$0.01", "uncertain\t$0.02", "reserved\t$0.03", "free\t$0.04"]
    assert [line for line in amounts if line not in shown] == []
    assert "1 more row fits now" in shown


def test_budget_that_there_is_none_of_says_how_to_have_one(archive, capsys):
    assert budget(archive, "autumn") == 1
    assert "no budget" in capsys.readouterr().err


def test_cap_by_hand_is_raised_and_lowered(archive, capsys):
    assert told(archive, capsys, "cap", "spring", "0.2")["free_usd"] == "0.14"
    assert told(archive, capsys, "cap", "spring", "0.01")["free_usd"] == "0.00"


def test_lift_of_what_is_not_frozen_is_refused(archive, capsys):
    assert budget(archive, "lift", "spring") == 1
    assert "not frozen" in capsys.readouterr().err


def test_rebuild_takes_what_the_ledger_knows_and_keeps_the_cap(archive, capsys, monkeypatch):
    monkeypatch.setattr(rules, "LOOK_LASTS", 0.0)
    monkeypatch.setattr(rules, "MARGIN", 0.0)
    rebuilt = told(archive, capsys, "rebuild", "spring")
    assert (rebuilt["cap_usd"], rebuilt["free_usd"], rebuilt["open_blocks"]) == ("0.10", "0.10", 0)
