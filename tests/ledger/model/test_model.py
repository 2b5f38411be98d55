"""The rules of recovery in every order of losses, crashes, strangers and refusals that a small world allows.

An explicit-state model: FLORA, two or three entries and their processes, with the ledger's own pure functions in
the middle. A failure prints the shortest way to it; rows are told apart there, but have no names of their own.
"""

from functools import partial

import pytest

from florist.ledger import recovery_rules as rules
from florist.ledger.entries import Send
from florist.ledger.promises import Belief, Promise
from tests.ledger.model import moves
from tests.ledger.model.deciding import forget_decisions
from tests.ledger.model.search import explored
from tests.ledger.model.states import Setting

ALONE = partial(Setting, entries=1)
PAID_ELSEWHERE = ALONE("duplicate", prepaid="long ago", strangers=1, losses=0)
PROVIDERS = ("replay", "replay-equal", "duplicate", "neither")
SMALL = [
    *(ALONE(provider, is_known=known, crashes=1) for provider in PROVIDERS for known in (True, False)),
    *(ALONE(provider, losses=1, strangers=1) for provider in PROVIDERS),
    *(ALONE(provider, is_known=False, losses=1, strangers=1) for provider in ("replay", "duplicate", "neither")),
    ALONE("replay-equal", has_same_body=False, strangers=1),
    ALONE("replay-equal", has_same_body=False, burns=1),
    ALONE("replay-equal", resigns=1, crashes=1, strangers=1),
    ALONE("replay-equal", resigns=1, knows_of_other_bodies=False, losses=1, strangers=1),
    ALONE("replay-equal-else-new", resigns=1, crashes=1),
    ALONE("replay-equal-else-new", has_same_body=False, losses=1, strangers=1),
    Setting("replay-equal", resigns=1, losses=1),
    ALONE("duplicate", burns=1, is_stranger_first=True),
    ALONE("duplicate", prepaid="lately", strangers=1),
    PAID_ELSEWHERE,
    ALONE("replay", burns=1, strangers=1),
    ALONE("replay", becomes="duplicate", strangers=1),
    ALONE("duplicate", becomes="replay", burns=1),
    Setting("duplicate"),
    Setting("neither", is_known=False),
    Setting("replay", losses=1, crashes=1, becomes="duplicate"),
    Setting("replay", entries=3, is_known=False, losses=1),
]
LARGE = [
    *(Setting(provider, is_known=known, crashes=1) for provider in PROVIDERS for known in (True, False)),
    *(Setting(provider, losses=1, strangers=1) for provider in PROVIDERS),
    *(Setting(provider, is_known=False, losses=1, strangers=1) for provider in PROVIDERS),
    *(Setting(provider, burns=1) for provider in PROVIDERS),
    *(Setting(provider, entries=3, losses=1) for provider in PROVIDERS),
    *(ALONE(provider, crashes=2, strangers=1) for provider in PROVIDERS),
    Setting("replay", becomes="duplicate", crashes=1),
    Setting("replay", losses=1, burns=1, strangers=1),
]
INHERENT = [
    (ALONE("duplicate", losses=1, strangers=1, burns=1), "is not its own"),
    (ALONE("replay", losses=1, is_late=True), "paid for twice"),
    (ALONE("duplicate", losses=1, is_late=True), "paid for twice"),
    (ALONE("duplicate", losses=1, strangers=1, prepaid="long ago"), "is not its own"),
    (ALONE("neither", is_known=False, losses=1, is_late=True), "paid for twice"),
    (ALONE("replay", becomes="neither", losses=1), "paid for twice"),
]
"""What cannot be promised: strangers beside a burnt key, or beside one that another archive has used and FLORA
remembers for more than a day; history later than patience; a FLORA that breaks its word."""


@pytest.fixture(autouse=True)
def rules_as_they_are():
    forget_decisions()
    yield
    forget_decisions()


def title(setting: Setting) -> str:
    """Return what a configuration has beyond the plainest."""
    defaults = Setting("")._asdict()
    return " ".join(f"{name}={value}" for name, value in setting._asdict().items() if value != defaults[name])


@pytest.mark.parametrize("setting", SMALL, ids=title)
def test_rules_in_every_order_pay_once_adopt_their_own_and_come_to_an_end(setting):
    found = explored(setting)
    assert not found.broken, str(found)


@pytest.mark.parametrize(("setting", "broken"), INHERENT)
def test_rules_beyond_what_the_docs_promise_break_as_they_say(setting, broken):
    assert broken in explored(setting).broken


def adopts_before_patience(patch):
    patch.setattr(rules, "is_mature", lambda *_, **__: True)


def adopts_on_a_first_duplicate(patch):
    known = rules._known_to_flora

    def as_repeated(entry, *rest):
        return known(entry.model_copy(update={"proved_by": "repeat"}), *rest)

    patch.setattr(rules, "_known_to_flora", as_repeated)


def adopts_beside_a_rival(patch):
    against = rules._against_adoption

    def without_rivals(candidates, seen):
        return against(candidates, rules.Evidence(seen.runs, seen.claims, (), seen.doubts))

    patch.setattr(rules, "_against_adoption", without_rivals)


def repeats_where_nothing_is_known(patch):
    patch.setattr(Promise, "is_kept", property(lambda promise: promise is not Promise.NEITHER))


def repeats_where_no_promise_is_kept(patch):
    patch.setattr(Promise, "is_kept", property(lambda promise: True))


def ignores_what_was_shown_before(patch):
    may_have_made = Send.may_have_made

    def of_any_run(send, run_id, *rest):
        return may_have_made(send.model_copy(update={"shown_before": ()}), run_id, *rest)

    patch.setattr(Send, "may_have_made", of_any_run)


def takes_any_body_for_an_equal_one(patch):
    patch.setattr(Belief, "about", lambda belief, *, is_same_body: belief.same_body)


def takes_a_run_for_a_replay(patch):
    learnt = moves.learnt

    def its_run_came_back(answer, *, is_repeat):
        return Promise.REPLAY if is_repeat and answer.kind == "run" else learnt(answer, is_repeat=is_repeat)

    patch.setattr(moves, "learnt", its_run_came_back)


@pytest.mark.parametrize(
    ("break_rule", "setting", "broken"),
    [
        (adopts_before_patience, ALONE("duplicate", losses=1, strangers=1), "is not its own"),
        (
            adopts_on_a_first_duplicate,
            PAID_ELSEWHERE,
            "is not its own",
        ),
        (adopts_beside_a_rival, Setting("duplicate", burns=1), "is not its own"),
        (repeats_where_nothing_is_known, ALONE("neither", is_known=False), "paid for twice"),
        (repeats_where_no_promise_is_kept, ALONE("neither"), "paid for twice"),
        (ignores_what_was_shown_before, ALONE("duplicate", burns=1, is_stranger_first=True), "is not its own"),
        (takes_any_body_for_an_equal_one, ALONE("replay-equal-else-new", resigns=1), "paid for twice"),
        (takes_a_run_for_a_replay, Setting("neither", is_known=False), "paid for twice"),
    ],
)
def test_rule_that_is_broken_is_found_out(monkeypatch, break_rule, setting, broken):
    break_rule(monkeypatch)
    assert broken in explored(setting).broken
