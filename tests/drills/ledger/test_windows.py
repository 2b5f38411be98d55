"""Time passes, clocks are wrong, keys change between a lost answer and its resumption: nothing is paid twice."""

import pytest

from tests.drills.ledger.afterwards import NOT_PROCESSED, PROCESSED, all_lost, decided, resumed
from tests.drills.ledger.scene import scene

pytestmark = pytest.mark.drill
ROWS = 3
HOUR = 3600.0


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("hours", [3, 25])
def test_request_that_was_processed_and_is_resumed_past_the_window_goes_to_review(tmp_path, behaviour, hours):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        paid = {key for key in all_lost(made, PROCESSED, 1) if made.run_of(key)}
        made.advance(hours * HOUR)
        reviews = resumed(made).reviews
        assert paid <= {review.key for review in reviews}
        runs = {made.run_of(key) for key in paid}
        assert all({candidate.run_id for candidate in review.candidates} <= runs for review in reviews)
        assert decided(made).charged == ROWS * 3


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("hours", [3, 25])
def test_request_that_never_arrived_and_is_resumed_past_the_window_is_started_anew(tmp_path, behaviour, hours):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        left = all_lost(made, NOT_PROCESSED, 1)
        # Where FLORA replays, others were on their way beside it, and one of them may have arrived.
        has_arrived = any(made.run_of(key) for key in left)
        made.advance(hours * HOUR)
        assert has_arrived or resumed(made).reviews == []
        decided(made)


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
@pytest.mark.parametrize(("first", "second"), [(0, 600), (0, -600), (600, -600), (-600, 600)])
def test_clocks_that_are_ten_minutes_wrong_change_nothing(tmp_path, behaviour, moment, first, second):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        all_lost(made, moment, 1, clock_error=first)
        assert resumed(made, clock_error=second).reviews == []


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
def test_request_sent_with_another_api_key_waits_for_that_key(tmp_path, behaviour, moment):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        left = all_lost(made, moment, 1)
        assert {review.key for review in resumed(made, api_key="sk_test_other").reviews} == left
        assert resumed(made).reviews == []
