"""What people see of the ledger."""

from decimal import Decimal

import pytest

from florist.ledger import (
    InputIdentity,
    State,
    differences,
    explanation,
    in_flight,
    lines,
    nearest,
)
from florist.ledger.errors import EntryMissingError
from tests.ledger.world import World, completed, work


def text(value: str) -> tuple[InputIdentity, ...]:
    return (InputIdentity.of_text("prompt", value),)


def test_differences_of_the_same_work_are_none():
    assert differences(work(), work()) == []


def test_differences_name_each_field_and_input_in_words():
    found = differences(work(inputs=text("a vase")), work("2", variation=1, inputs=text("a bowl")))
    assert [difference.field for difference in found] == ["row", "variation", "input prompt"]
    assert found[2].words == "its input prompt is the text 'a vase', and the other's is the text 'a bowl'"
    assert found[1].words == "its variation is 0, and the other's is 1"


def test_differences_of_long_texts_show_the_place_where_they_part():
    long = "so " * 100
    found = differences(work(inputs=text(long + "red")), work(inputs=text(long + "blue")))
    assert "red" in found[0].words
    assert "blue" in found[0].words


def test_differences_name_an_input_that_one_lacks():
    still = InputIdentity.of_output("image", "run_1", 0)
    found = differences(work(), work(inputs=(*text("a vase"), still)))
    assert found[0].words == "it has no input image, and the other's is output 0 of run run_1"


def test_nearest_entry_is_that_of_the_same_place():
    world = World()
    for each in (work("1", inputs=text("a bowl")), work("2"), work("1", campaign="summer")):
        world.start(each)
    entries = world.run(world.ledger.entries())
    assert nearest(work("1"), entries).work.inputs == text("a bowl")


def test_explanation_says_what_happens_next_and_why_another_was_not_reused():
    world = World()
    entry, other = world.start(work("1")).entry, world.start(work("2")).entry
    said = explanation(entry, other)
    assert "run run_0001 is paid for. The next flow run resumes it." in said
    assert "its row is 1, and the other's is 2" in said


@pytest.mark.parametrize("state", list(State))
def test_explanation_exists_for_every_state(state):
    entry = World().start().entry.model_copy(update={"state": state})
    assert entry.key in explanation(entry)


def test_lines_fit_every_filter_and_are_in_order():
    world = World()
    for each in (work("2"), work("1"), work("1", step="film"), work("3", campaign="summer")):
        world.start(each)
    entries = world.run(world.ledger.entries())
    found = lines(entries, campaign="spring", step="still", states=[State.STARTED])
    assert [line.row for line in found] == ["1", "2"]
    assert lines(entries, states=[State.ARCHIVED]) == []


def test_line_of_a_run_that_ended_tells_its_cost():
    world = World()
    process = world.process()
    started = world.run(process.start(work()))
    entry = world.run(process.spender.finished(started.entry, completed(started.run_id)))
    assert lines([entry])[0].charged_usd == Decimal("0.12")


def test_in_flight_counts_started_runs_and_their_price():
    world = World()
    process = world.process()
    entries = [world.run(process.start(work(row), price_usd=Decimal("0.14"))).entry for row in ("1", "2", "3")]
    assert str(in_flight(entries)) == "3 runs, $0.42, go on at FLORA"
    assert str(in_flight(entries[:1])) == "1 run, $0.14, goes on at FLORA"
    assert in_flight([]).run_ids == ()


def test_in_flight_with_an_unknown_price_says_none():
    entry = World().start().entry
    assert str(in_flight([entry])) == "1 run goes on at FLORA"


def test_entry_is_found_by_the_beginning_of_its_key():
    world = World()
    entry = world.start().entry
    assert world.run(world.ledger.find(entry.key[:8])).key == entry.key


@pytest.mark.parametrize("key", ["", "zz"])
def test_entry_is_not_found_by_what_fits_none_or_several(key):
    world = World()
    world.start(work("1"))
    world.start(work("2"))
    with pytest.raises(EntryMissingError):
        world.run(world.ledger.find(key))
