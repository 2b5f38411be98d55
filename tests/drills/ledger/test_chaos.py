"""Seeded rounds of kills, stops, lost answers, slow POSTs, resets, 429s, store failures and sandbox restarts.

FLORIST_CHAOS_ROUNDS=20 FLORIST_CHAOS_SEED=spring make drills
"""

import os

import pytest

from tests.drills.ledger.chaos import chaos_round
from tests.drills.ledger.rounds import run_rounds

ROUNDS = int(os.environ.get("FLORIST_CHAOS_ROUNDS", "200"))
SEED = os.environ.get("FLORIST_CHAOS_SEED", "florist")
ON_S3 = 10
"""Every so many rounds one is played on S3."""


@pytest.mark.drill
def test_campaign_through_any_chaos_is_paid_once_and_all_kept(tmp_path, s3_url):
    print(f"\n    seed {SEED}, {ROUNDS} rounds; one alone: chaos_round('{SEED}-<number>', folder)")  # noqa: T201

    def round_of(number: int):
        name = f"{SEED}-{number}"
        store = f"{s3_url}/chaos/{name}" if number % ON_S3 == 0 else None
        return name, lambda: chaos_round(name, tmp_path / name, store=store)

    total = run_rounds(map(round_of, range(ROUNDS)))
    assert total["charged"] == total["needed"] == total["kept"]
