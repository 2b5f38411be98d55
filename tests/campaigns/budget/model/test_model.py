"""A budget's rules in every order of losses, crashes, failures and other plans that a small world allows.

An explicit-state model: FLORA, one or two rows and processes, with the budget's own pure functions in the middle.
A failure prints the shortest way to it.
"""

from functools import partial

import pytest

from florist.campaigns.budget import counting, rules
from tests.campaigns.budget.model.deciding import forget_decisions
from tests.campaigns.budget.model.search import explored
from tests.campaigns.budget.model.states import Order, Setting

ONE_ROW = partial(Setting, prices=(1,))
OTHER_PLANS = partial(Setting, plans="ab", cap=1)
SMALL = [
    Setting(plans="a", losses=2, crashes=1, rises=1),
    Setting(plans="a", charged_failures=2, cap=3),
    Setting(plans="a", lowers=1, losses=1, limit=1),
    ONE_ROW(plans="a", losses=1, restarts=1),
    Setting(cap=1, losses=1),
    Setting(cap=1, crashes=1),
    Setting(cap=1, prices=(2, 1), losses=1),
    Setting(cap=1, failures=1, refusals=1),
    ONE_ROW(charged_failures=1),
    Setting(empties=1),
    Setting(lowers=1, limit=1),
    Setting(cap=3, limit=1, excess=1),
    OTHER_PLANS(hasty=1),
    OTHER_PLANS(crashes=1),
    OTHER_PLANS(prices=(1,), losses=1, hasty=1),
]
LARGE = [
    OTHER_PLANS(prices=(1,), crashes=1, hasty=1),
    Setting(losses=1, limit=1),
    Setting(crashes=1, limit=1),
    Setting(cap=1, losses=1, crashes=1),
    ONE_ROW(charged_failures=1, losses=1),
    ONE_ROW(losses=1, rises=1),
    ONE_ROW(losses=1, restarts=1),
    ONE_ROW(crashes=1, rises=1),
    ONE_ROW(losses=1, crashes=1, rises=1),
    OTHER_PLANS(losses=1, crashes=1),
    OTHER_PLANS(cap=2, limit=1, hasty=1),
    OTHER_PLANS(charged_failures=1, crashes=1),
    Setting(cap=3, prices=(1, 1, 1), limit=1),
    Setting(plans="aaa", cap=1, prices=(1,), losses=1),
]
"""For the drills: see `tests/drills/campaigns`."""


@pytest.fixture(autouse=True)
def rules_as_they_are():
    forget_decisions()
    yield
    forget_decisions()


def title(setting: Setting) -> str:
    """Return what a configuration has beyond the plainest."""
    defaults = Setting()._asdict()
    return " ".join(f"{name}={value}" for name, value in setting._asdict().items() if value != defaults[name])


@pytest.mark.parametrize("setting", SMALL, ids=title)
def test_rules_in_every_order_keep_the_cap_strand_nothing_and_come_to_an_end(setting):
    found = explored(setting)
    assert not found.broken, str(found)


def repeats_without_a_look(patch):
    patch.setattr(rules, "repeat_of", lambda *_: "send")


def repeats_whatever_is_held(patch):
    decide = rules.repeat_of

    def at_any_price(record, each, price):
        return "send" if record is not None and each.key in record.held else decide(record, each, price)

    patch.setattr(rules, "repeat_of", at_any_price)


def settles_whatever_is_terminal(patch):
    settle = rules.settled

    def of_all(record, block, spent):
        rows = record.open[block].rows
        return settle(record, block, [each._replace(block=block) for each in spent if each.row in rows])

    patch.setattr(rules, "settled", of_all)


def takes_all_attempts_off_the_allowance(patch):
    patch.setattr(
        rules,
        "spent_of",
        lambda known, _: sum(each.price if each.charge is None else each.charge for each in known),
    )


def holds_by_slot(patch):
    patch.setattr(counting, "fate", lambda entry, _: next(reversed(counting.counted(entry)), None))


def authorises_whole_blocks_alone(patch):
    fitting = rules.fitting

    def all_or_none(record, rows, *, limit):
        rows = list(rows)
        found = fitting(record, rows, limit=limit)
        return found if len(found) == min(limit, len(rows)) else ()

    patch.setattr(rules, "fitting", all_or_none)


def lowers_the_cap_literally(patch):
    patch.setattr(
        rules, "with_cap", lambda record, wanted: record.model_copy(update={"wanted": wanted, "cap": wanted})
    )


def holds_nothing(patch):
    sort_out = rules._sorted_out
    patch.setattr(rules, "_sorted_out", lambda spent: (sort_out(spent)[0], {}))


def ends_without_a_second_look(patch):
    patch.setattr(rules, "may_end", lambda *_: True)


@pytest.mark.parametrize(
    ("break_rule", "setting", "broken"),
    [
        (repeats_without_a_look, Setting(plans="a", losses=2, rises=1), "charged beyond the cap"),
        (repeats_whatever_is_held, Setting(plans="a", losses=2, rises=1), "charged beyond the cap"),
        (settles_whatever_is_terminal, Setting(limit=1), "the bill is wrong"),
        (takes_all_attempts_off_the_allowance, ONE_ROW(plans="a", charged_failures=1), "no end can be reached"),
        (holds_by_slot, ONE_ROW(plans="a", losses=1, restarts=1), "the bill is wrong"),
        (authorises_whole_blocks_alone, Setting(plans="a", cap=1), "affordable and unstarted"),
        (lowers_the_cap_literally, Setting(plans="a", lowers=1), "a record is above its cap"),
        (holds_nothing, ONE_ROW(plans="a", losses=1), "the bill is wrong"),
        (ends_without_a_second_look, OTHER_PLANS(crashes=1), "affordable and unstarted"),
    ],
)
def test_rule_that_is_broken_is_found_out(monkeypatch, break_rule, setting, broken):
    break_rule(monkeypatch)
    assert explored(setting).broken == broken


@pytest.mark.parametrize(
    ("order", "setting", "broken"),
    [
        ("looks", OTHER_PLANS(hasty=1), "the bill is wrong"),
        ("looks_after_sent", OTHER_PLANS(hasty=1), "the bill is wrong"),
        ("reads_clock_after_put", OTHER_PLANS(hasty=1), "the bill is wrong"),
        ("reads_after_closing", OTHER_PLANS(hasty=1), "the bill is wrong"),
        ("rereads_entry", ONE_ROW(cap=4, losses=1, rises=1), "the bill is wrong"),
        ("reads_price_once", ONE_ROW(cap=1, plans="a", rises=1), "charged beyond the cap"),
        ("holds_before_setting_aside", OTHER_PLANS(prices=(1,), crashes=1, hasty=1), "no end can be reached"),
        ("resumes", Setting(cap=1, crashes=1), "affordable and unstarted"),
        ("releases", OTHER_PLANS(crashes=1), "affordable and unstarted"),
    ],
)
def test_order_that_is_broken_is_found_out(order, setting, broken):
    assert explored(setting, Order()._replace(**{order: False})).broken == broken
