"""Three processes on one campaign with money for a part of it, each killed at random.

FLORIST_BUDGET_ROUNDS=50 FLORIST_BUDGET_SEED=spring .venv/bin/python -m pytest -m drill tests/drills/campaigns -s
"""

import os
from functools import partial

import pytest

from tests.campaigns.budget.model.test_model import LARGE, explored, rules_as_they_are, title
from tests.drills.campaigns.budget_rounds import budget_round
from tests.drills.ledger.rounds import run_rounds

__all__ = ["rules_as_they_are"]

ROUNDS = int(os.environ.get("FLORIST_BUDGET_ROUNDS", "50"))
SEED = os.environ.get("FLORIST_BUDGET_SEED", "florist")


@pytest.mark.drill
def test_cap_holds_through_kills_of_three_processes_and_nothing_affordable_is_left(tmp_path):
    run_rounds(
        (f"{SEED}-{each}", partial(budget_round, f"{SEED}-{each}", tmp_path / str(each))) for each in range(ROUNDS)
    )


@pytest.mark.drill
@pytest.mark.parametrize("setting", LARGE, ids=title)
def test_rules_in_every_order_of_a_larger_world_keep_the_cap_strand_nothing_and_come_to_an_end(setting):
    found = explored(setting)
    assert not found.broken, str(found)


@pytest.mark.short_drill
def test_cap_holds_through_two_rounds_of_kills(tmp_path):
    run_rounds([(seed, partial(budget_round, seed, tmp_path / seed)) for seed in ("florist-1", "florist-2")])
