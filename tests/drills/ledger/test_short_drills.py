"""The drills of tests/drills/ledger, a few rounds of each, side by side: real processes all."""

from functools import partial
from pathlib import Path

import pytest

from tests.drills.ledger.afterwards import NOT_PROCESSED, PROCESSED, decided, lost, resumed
from tests.drills.ledger.chaos import chaos_round
from tests.drills.ledger.kills import killed_at
from tests.drills.ledger.rounds import Figures, run_rounds
from tests.drills.ledger.scene import scene

pytestmark = pytest.mark.short_drill

AT_ONCE = 6


def test_worker_killed_around_its_post_is_taken_over_without_a_second_charge(tmp_path):
    points = (
        "before record sent#2",
        "after record sent#2",
        "after post#5",
        "after claim#4",
        "after create index#1",
    )

    def round_at(number: int):
        behaviour = ("duplicate", "replay")[number % 2]
        return points[number], lambda: killed_at(
            tmp_path / str(number), points[number], rows=3, settings={"idempotency": behaviour}
        )

    total = run_rounds(map(round_at, range(len(points))), at_once=AT_ONCE)
    assert total["kills"] == len(points)
    assert total["charged"] == total["needed"] == total["kept"]


def test_worker_killed_around_its_generation_is_taken_over_without_a_second_charge(tmp_path):
    points = ("before record sent#1", "after post#2", "after claim#1")

    def round_at(number: int):
        options = {
            "settings": {"idempotency": ("duplicate", "replay")[number % 2]},
            "steps": "generation-first.yaml",
        }
        return points[number], lambda: killed_at(tmp_path / str(number), points[number], rows=2, **options)

    total = run_rounds(map(round_at, range(len(points))), at_once=AT_ONCE)
    assert total["kills"] == len(points)
    assert total["charged"] == total["needed"] == total["kept"]


def test_chaos_of_two_seeds_is_paid_once_and_all_kept(tmp_path):
    rounds = [(seed, partial(chaos_round, seed, tmp_path / seed)) for seed in ("florist-9", "florist-29")]
    total = run_rounds(rounds, at_once=AT_ONCE)
    assert total["charged"] == total["needed"] == total["kept"]


def test_time_clocks_keys_and_strangers_between_a_lost_answer_and_its_resumption_cost_nothing(tmp_path):
    rounds = [past_the_window, clocks_ten_minutes_wrong, another_api_key, among_strangers]
    run_rounds([(act.__name__, partial(act, tmp_path / act.__name__)) for act in rounds], at_once=AT_ONCE)


def past_the_window(folder: Path) -> Figures:
    with scene(folder, rows=1) as made:
        left = lost(made, PROCESSED, 2)
        made.advance(3 * 3600)
        [review] = resumed(made).reviews
        assert (review.key, review.candidates[0].run_id) == (left, made.run_of(left))
        return {"charged": decided(made).charged}


def clocks_ten_minutes_wrong(folder: Path) -> Figures:
    with scene(folder, rows=1) as made:
        lost(made, NOT_PROCESSED, 2, clock_error=600)
        account = resumed(made, clock_error=-600)
        assert account.reviews == []
        return {"charged": account.charged}


def another_api_key(folder: Path) -> Figures:
    with scene(folder, rows=1, settings={"idempotency": "replay"}) as made:
        left = lost(made, PROCESSED, 2)
        [review] = resumed(made, api_key="sk_test_other").reviews
        assert review.key == left
        return {"charged": resumed(made).charged}


def among_strangers(folder: Path) -> Figures:
    with scene(folder, rows=1) as made:
        left = lost(made, PROCESSED, 1)
        value = f"{made.url}/media/none"
        stranger = made.start_elsewhere("square-crop", [{"id": "image", "type": "imageUrl", "value": value}])
        account = resumed(made, strangers=frozenset({stranger}))
        assert {candidate.run_id for candidate in account.reviews[0].candidates} == {stranger, made.run_of(left)}
        return {"charged": account.charged}
