"""A campaign with a gate, as a person at a terminal has it: run, pick, continue, another take, bill, delivery."""

import csv
import json

import pytest

from tests.commands.conftest import Desk

PIPELINE = """
name: funnel
params: {brief: {default: Spring}}
steps:
  head: {technique: headline-writer, variations: 3, gate: {pick: 1..2}, inputs: {brief: "${params.brief}"}}
  film: {technique: headline-writer, inputs: {brief: "A film of ${steps.head.output}"}}
"""


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    """Three headlines were made of one brief, and wait for a pick."""
    code, said = desk.florist("run", desk.pipeline(PIPELINE), "--archive", desk.archive, "--campaign", "spring")
    assert (code, "1 of 1 row waits for a pick" in said.splitlines()[-1]) == (0, True)
    assert "florist continue spring --archive" in said
    return desk


def picked(desk: Desk, *cells: str, verdict: str = "picked", by: str = "Ann", **more: object) -> tuple[int, str]:
    picks = [{"row": "", "cell": cell, "verdict": verdict, **more} for cell in cells]
    file = desk.folder / "picks.json"
    file.write_text(json.dumps({"florist_picks": 1, "campaign": "spring", "by": by, "picks": picks}))
    return desk.florist("picks", "apply", file, "--archive", desk.archive)


def go_on(desk: Desk, *words: object) -> tuple[int, str]:
    return desk.florist(*words, "--archive", desk.archive)


def delivered(desk: Desk) -> list[tuple[str, ...]]:
    """Deliver what is picked; return what the index says of it."""
    code, said = go_on(desk, "deliver", "spring", desk.folder / "shop", "--picked")
    assert (code, "2 runs that nobody picked" in said) == (0, True)
    (index,) = (desk.folder / "shop").glob("*.csv")
    with index.open() as file:
        columns = ("step", "picked", "picked_by", "stars")
        return sorted(tuple(line[name] for name in columns) for line in csv.DictReader(file))


def test_picked_ones_are_gone_on_with_billed_to_their_reviewer_and_delivered(waiting: Desk):
    assert go_on(waiting, "continue", "spring")[0] == 0
    assert waiting.books.total.charged == 3
    assert picked(waiting, "head@v2", stars=4)[0] == 0
    code, said = go_on(waiting, "continue", "spring", "--dry-run")
    assert (code, "To pay now: 1 run for $0.01" in said, waiting.books.total.charged) == (0, True, 3)
    code, said = go_on(waiting, "continue", "spring")
    assert (code, "1 of 1 row, $0.04" in said.splitlines()[-1], waiting.books.total.charged) == (0, True, 4)
    code, said = go_on(waiting, "bill", "spring", "--by", "reviewer")
    lines = {line.split("\t")[0]: line.split("\t")[-2:] for line in said.splitlines() if "\t" in line}
    assert (lines["Ann"], lines["(none)"], lines["total"]) == (["1", "$0.02"], ["", ""], ["1", "$0.04"])
    assert delivered(waiting) == [("film", "head@v2", "Ann", "4"), ("head", "head@v2", "Ann", "4")]


def test_take_with_another_text_is_priced_made_alone_and_known_to_later_plans(waiting: Desk):
    words = ("take", "spring", "", "head@v2", "--more", "2", "--param", "brief=Autumn")
    code, said = go_on(waiting, *words, "--dry-run")
    assert (code, "2 runs for $0.02" in said, waiting.books.total.charged) == (0, True, 3)
    assert go_on(waiting, *words)[0] == 0
    assert waiting.books.total.charged == 5
    assert picked(waiting, "head@v5")[0] == 0
    code, said = go_on(waiting, "continue", "spring")
    assert ("film@head-v5\tnew" in said, waiting.books.total.charged) == (True, 6)


def test_pick_that_is_refused_says_why_and_exits_with_1(waiting: Desk):
    code, said = picked(waiting, "head", "head@v2", "head@v3", "tail")
    assert (code, "2 picks at most" in said, "keeps nothing of tail" in said) == (1, True, True)
    code, said = go_on(waiting, "take", "spring", "", "heed")
    assert (code, 'did you mean "head"?' in said) == (1, True)
    code, said = go_on(waiting, "take", "spring", "", "head", "--param", "breif=x")
    assert (code, 'did you mean "brief"?' in said) == (1, True)
    assert waiting.books.total.charged == 3


def test_file_of_picks_that_somebody_sent_makes_the_terminal_do_nothing(waiting):
    escape = "\x1b]0;owned\x07\x1b[2J\x9b31m"
    code, said = picked(waiting, f"head{escape}", by=f"Eve{escape}")
    assert (code, "by Eve" in said, "keeps nothing of head" in said) == (1, True, True)
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
