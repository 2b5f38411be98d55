"""Somebody else starts the technique in the same minute as we do: their run is never taken for ours."""

import pytest

from tests.drills.ledger.afterwards import NOT_PROCESSED, PROCESSED, decided, lost, resumed
from tests.drills.ledger.scene import Scene, scene

pytestmark = pytest.mark.drill
TECHNIQUE = "headline-writer"
"""Of the third step; the walk has one row."""
PAST_SETTLING = 120.0


def stranger(made: Scene) -> str:
    return made.start_elsewhere(TECHNIQUE, [{"id": "brief", "type": "text", "value": "somebody else's"}])


def lost_among_strangers(made: Scene, moment: str, when: str) -> frozenset[str]:
    """Lose our third request, with strangers' runs before it, while it is open, or once it is settled."""
    strangers = set()
    if "before" in when:
        assert made.work(kill_at="after record archived#2") == -9
        strangers.add(stranger(made))
        lost(made, moment, 1)
    else:
        lost(made, moment, 3)
    if "between" in when:
        strangers.add(stranger(made))
    if "after" in when:
        made.advance(PAST_SETTLING)
        strangers.add(stranger(made))
    return frozenset(strangers)


@pytest.mark.parametrize("behaviour", ["duplicate", "replay"])
@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
@pytest.mark.parametrize("when", ["before", "between", "after", "before, between and after"])
def test_run_of_somebody_else_in_the_same_minute_is_never_adopted(tmp_path, behaviour, moment, when):
    with scene(tmp_path, rows=1, settings={"idempotency": behaviour}) as made:
        strangers = lost_among_strangers(made, moment, when)
        reviews = resumed(made, strangers=strangers).reviews
        assert not reviews or (behaviour, moment) == ("duplicate", PROCESSED)
        decided(made, strangers=strangers)


@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
def test_run_of_somebody_else_past_the_window_is_left_to_a_person(tmp_path, moment):
    with scene(tmp_path, rows=1) as made:
        strangers = lost_among_strangers(made, moment, "between")
        made.advance(3 * 3600)
        [review] = resumed(made, strangers=strangers).reviews
        assert strangers <= {candidate.run_id for candidate in review.candidates}
        decided(made, strangers=strangers)


@pytest.mark.parametrize("moment", [NOT_PROCESSED, PROCESSED])
def test_run_that_history_showed_before_ours_left_is_no_candidate_past_the_window(tmp_path, moment):
    with scene(tmp_path, rows=1) as made:
        strangers = lost_among_strangers(made, moment, "before")
        made.advance(3 * 3600)
        reviews = resumed(made, strangers=strangers).reviews
        assert len(reviews) == (moment == PROCESSED)
        assert not any(strangers & {candidate.run_id for candidate in review.candidates} for review in reviews)
        decided(made, strangers=strangers)
