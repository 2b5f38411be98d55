"""When to look: pure functions."""

import pytest

from florist.api.durations import Durations
from florist.api.errors import APIConnectionError, InternalServerError, RateLimitError
from florist.api.watching_schedule import (
    AFTER_THE_END,
    LONGEST_FIRST_DELAY,
    Pace,
    first_look,
    first_poll_delay,
    next_look,
    next_poll_delay,
    requests_allowed,
    rest_after,
)

PACE = Pace()


def known(*seconds: float) -> Durations:
    durations = Durations()
    for number, one in enumerate(seconds):
        durations.add(f"run-{number}", one)
    return durations


@pytest.mark.parametrize(("expected", "look"), [(0, 0), (10, 8), (60, 48), (3600, LONGEST_FIRST_DELAY)])
def test_first_look_comes_before_the_expected_end(expected: float, look: float) -> None:
    assert first_poll_delay(expected) == look


@pytest.mark.parametrize("elapsed", [0, 1, 30, 59, 60, 61, 75, 600, 100_000])
def test_next_look_at_any_age_stays_within_the_pace(elapsed: float) -> None:
    assert PACE.page <= next_poll_delay(elapsed, 60, PACE) <= PACE.longest


def test_next_look_is_thickest_around_the_expected_end() -> None:
    assert [next_poll_delay(elapsed, 60, PACE) for elapsed in (20, 48, 60, 72, 120)] == [5, 3, 1, 3, 5]


@pytest.mark.parametrize(("waiting", "requests"), [(0, 0), (1, 2), (50, 2), (51, 4), (200, 8), (500, 20)])
def test_requests_allowed_are_two_for_fifty(waiting: int, requests: int) -> None:
    assert requests_allowed(waiting) == requests


def test_rest_grows_with_trouble_up_to_thirty_seconds() -> None:
    error = InternalServerError("down", status=503)
    assert [rest_after(error, troubles, PACE) for troubles in (1, 2, 3, 4, 5, 500)] == [2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("retry_after", "rest"), [(None, 5), (0, 2), (7, 7), (90, 90)])
def test_rest_after_a_429_is_what_flora_asks_for(retry_after: float | None, rest: float) -> None:
    assert rest_after(RateLimitError("slow down", status=429, retry_after=retry_after), 1, PACE) == rest


def test_rest_after_one_dropped_connection_is_the_next_tick() -> None:
    assert rest_after(APIConnectionError("dropped"), 1, PACE) == PACE.shortest


def test_first_look_at_a_known_technique_comes_just_after_its_early_end() -> None:
    assert first_look(known(*range(20, 40))) == 22 + AFTER_THE_END
    assert first_look(known(3)) == 3 + AFTER_THE_END


def test_next_look_comes_when_it_has_probably_ended_but_not_in_every_second() -> None:
    assert next_look(2, known(3, 3, 3), PACE) == 3 + AFTER_THE_END
    assert next_look(90, known(*range(60, 260)), PACE) == 95
    assert next_look(60, known(*range(60, 80)), PACE) == 62 + AFTER_THE_END
    assert next_look(25, known(*range(20, 40)), PACE) == 26 + AFTER_THE_END


def test_next_look_beyond_all_that_is_known_comes_ever_later() -> None:
    assert [next_look(age, known(3, 3), PACE) - age for age in (3.5, 5, 11, 31)] == [1, 1, 2, 5]


def test_first_look_is_not_put_off_by_a_look_on_the_way() -> None:
    assert next_look(1, known(60, 60, 60), PACE) == 60 + AFTER_THE_END
