"""When to look: pure functions."""

import pytest

from florist.api.errors import APIConnectionError, InternalServerError, RateLimitError
from florist.api.watching_schedule import (
    LONGEST_FIRST_DELAY,
    Pace,
    first_poll_delay,
    learnt_duration,
    next_poll_delay,
    requests_allowed,
    rest_after,
)

PACE = Pace()


@pytest.mark.parametrize(("expected", "look"), [(0, 0), (10, 8), (60, 48), (3600, LONGEST_FIRST_DELAY)])
def test_first_look_comes_before_the_expected_end(expected: float, look: float) -> None:
    assert first_poll_delay(expected) == look


@pytest.mark.parametrize("elapsed", [0, 1, 30, 59, 60, 61, 75, 600, 100_000])
def test_next_look_at_any_age_stays_within_the_pace(elapsed: float) -> None:
    assert PACE.shortest <= next_poll_delay(elapsed, 60, PACE) <= PACE.longest


def test_next_look_is_thickest_around_the_expected_end() -> None:
    assert [next_poll_delay(elapsed, 60, PACE) for elapsed in (20, 48, 60, 72, 120)] == [5, 3, 2, 3, 5]


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


def test_learnt_duration_follows_the_latest_runs() -> None:
    assert learnt_duration(None, 40) == 40
    assert learnt_duration(40, 50) == 43
