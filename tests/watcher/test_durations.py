"""What is learnt of how long runs take."""

import pytest

from florist.api.durations import MOST_EXAMPLES, Durations


def known(*seconds: float) -> Durations:
    durations = Durations()
    for number, one in enumerate(seconds):
        durations.add(f"run-{number}", one)
    return durations


def test_durations_of_nothing_tell_nothing() -> None:
    durations = Durations()
    assert (durations.quantile(0.1), durations.chance(100)) == (None, 0)


def test_quantile_is_of_those_that_take_longer() -> None:
    durations = known(*range(1, 101))
    assert durations.quantile(0.5) == pytest.approx(50, abs=1)
    assert durations.quantile(0.5, after=80) == pytest.approx(90, abs=1)
    assert durations.quantile(0.5, after=100) is None


def test_chance_grows_with_examples() -> None:
    assert 0.7 < known(3).chance(3.1) < known(3, 3, 3).chance(3.1) < 1


def test_chance_is_of_the_time_that_has_not_been_looked_at() -> None:
    durations = known(*range(1, 101))
    assert durations.chance(60, after=60) == 0
    assert durations.chance(70, after=60) == durations.chance(70, after=60.5) > durations.chance(69, after=60)


def test_runs_that_go_on_make_an_end_less_likely() -> None:
    durations = known(6, 7, 8)
    durations.note_running([9.0] * 500)
    assert durations.chance(8) < 0.01
    assert durations.quantile(0.1) is None


def test_runs_younger_than_the_ends_seen_change_nothing() -> None:
    durations = known(6, 7, 8)
    before = durations.chance(7)
    durations.note_running([2.0] * 500)
    assert durations.chance(7) == before


def test_a_run_is_counted_once() -> None:
    durations = Durations()
    assert [durations.add("run-1", seconds) for seconds in (5, 7)] == [True, False]
    assert (len(durations), durations.longest) == (1, 5)


def test_examples_are_bounded_and_forgotten_whatever_their_age() -> None:
    durations = known(*range(2 * MOST_EXAMPLES))
    assert len(durations) == MOST_EXAMPLES
    assert durations.shortest < MOST_EXAMPLES / 10
    assert durations.longest == 2 * MOST_EXAMPLES - 1
