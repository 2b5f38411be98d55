"""Time passes, clocks are wrong, keys change between a lost answer and its resumption: nothing is paid twice."""

import pytest

from tests.drills.ledger.afterwards import NOT_PROCESSED, PROCESSED, decided, lost, resumed
from tests.drills.ledger.scene import scene

pytestmark = pytest.mark.drill
ROWS = 3
HOUR = 3600.0


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("hours", [3, 25])
def test_request_that_was_processed_and_is_resumed_past_the_window_goes_to_review(tmp_path, behaviour, hours):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        left = lost(made, PROCESSED, 1)
        made.advance(hours * HOUR)
        [review] = resumed(made).reviews
        assert review.key == left
        assert [candidate.run_id for candidate in review.candidates] == [made.run_of(left)]
        assert decided(made).charged == ROWS * 3


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("hours", [3, 25])
def test_request_that_never_arrived_and_is_resumed_past_the_window_is_started_anew(tmp_path, behaviour, hours):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        lost(made, NOT_PROCESSED, 1)
        made.advance(hours * HOUR)
        assert resumed(made).reviews == []


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
@pytest.mark.parametrize(("first", "second"), [(0, 600), (0, -600), (600, -600), (-600, 600)])
def test_clocks_that_are_ten_minutes_wrong_change_nothing(tmp_path, behaviour, moment, first, second):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        lost(made, moment, 1, clock_error=first)
        assert resumed(made, clock_error=second).reviews == []


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
def test_request_sent_with_another_api_key_waits_for_that_key(tmp_path, behaviour, moment):
    with scene(tmp_path, rows=ROWS, settings={"idempotency": behaviour}) as made:
        left = lost(made, moment, 1)
        [review] = resumed(made, api_key="sk_test_other").reviews
        assert review.key == left
        assert resumed(made).reviews == []
