"""The rules for a request whose answer was lost, one by one."""

from datetime import timedelta

import pytest

from florist.api.models import Run, RunStatus
from florist.ledger import Entry, Send, State, Timing
from florist.ledger.recovery_rules import (
    Adopt,
    Evidence,
    Look,
    Review,
    SendAgain,
    StartAnew,
    WaitAndLook,
    conclusion,
    first_step,
    is_settled,
)
from tests.ledger.virtual_time import BEGINNING
from tests.ledger.world import work

TIMING = Timing()
SETTLED = timedelta(seconds=90)
HOUR = timedelta(hours=1)


def entry(*, is_proved=False, fingerprint="key-a", sent_at=BEGINNING) -> Entry:
    send = Send(sent_at=sent_at, settles_at=sent_at + SETTLED, fingerprint=fingerprint, owner="a")
    return Entry(
        key=work().key,
        work=work(),
        state=State.SENT,
        recorded_at=BEGINNING,
        owner="a",
        sends=(send,),
        is_proved=is_proved,
    )


def run(run_id="run_1", seconds: float | None = 1.0) -> Run:
    created_at = None if seconds is None else BEGINNING + timedelta(seconds=seconds)
    return Run(run_id=run_id, status=RunStatus.RUNNING, created_at=created_at)


def seen(*runs, claims=None, rivals=()) -> Evidence:
    return Evidence(runs=runs, claims=claims or {}, rivals=rivals)


def step(unresolved, *, age=HOUR, fingerprint="key-a", told=None, has_history=True):
    return first_step(
        unresolved,
        now=BEGINNING + age,
        fingerprint=fingerprint,
        told=told,
        has_history=has_history,
        timing=TIMING,
    )


def concluded(unresolved, what, *, is_patient=False):
    return conclusion(unresolved, what, is_patient=is_patient, timing=TIMING)


def settled(*, age, watched) -> bool:
    return is_settled(
        entry(), now=BEGINNING + timedelta(seconds=age), watched=timedelta(seconds=watched), timing=TIMING
    )


@pytest.mark.parametrize(
    ("age", "watched", "expected"),
    [(89, 0, False), (90, 0, True), (-7200, 89, False), (-7200, 90, True)],
    ids=["young", "old", "clock behind", "clock behind, watched long enough"],
)
def test_entry_is_settled_by_floras_clock_or_by_our_own_watching(age, watched, expected):
    assert settled(age=age, watched=watched) is expected


def test_request_within_floras_memory_is_sent_again():
    assert step(entry()) == SendAgain()


def test_request_named_by_a_webhook_is_adopted_whatever_else():
    adopted = step(entry(fingerprint="key-b"), told="run_9", age=timedelta(days=9))
    assert isinstance(adopted, Adopt)
    assert adopted.run_id == "run_9"


def test_request_of_another_api_key_is_for_review():
    review = step(entry(fingerprint="key-b"))
    assert isinstance(review, Review)
    assert "key-b" in review.reason


@pytest.mark.parametrize("age", [timedelta(hours=1, minutes=55), timedelta(hours=25), timedelta(hours=-1)])
def test_request_past_floras_memory_or_in_the_future_is_looked_up(age):
    assert step(entry(), age=age) == Look()


def test_proved_request_is_never_sent_again():
    assert step(entry(is_proved=True)) == Look()


def test_proved_request_of_a_route_without_history_is_for_review():
    assert isinstance(step(entry(is_proved=True), has_history=False), Review)


def test_request_of_a_route_without_history_is_still_sent_again_in_time():
    assert step(entry(), has_history=False) == SendAgain()


def test_run_claimed_by_this_entry_is_adopted_though_there_are_others():
    what = seen(run("run_1"), run("run_2"), claims={"run_2": work().key}, rivals=("other",))
    assert concluded(entry(), what).run_id == "run_2"


def test_proved_request_with_one_candidate_adopts_it():
    what = seen(run("run_1"), run("run_2"), run("run_3", 500), claims={"run_2": "another"})
    assert concluded(entry(is_proved=True), what).run_id == "run_1"


@pytest.mark.parametrize("seconds", [-15, 0, 90, 105])
def test_run_within_the_interval_is_a_candidate(seconds):
    assert isinstance(concluded(entry(is_proved=True), seen(run(seconds=seconds))), Adopt)


@pytest.mark.parametrize("seconds", [-16, 106])
def test_run_outside_the_interval_is_none(seconds):
    assert isinstance(concluded(entry(is_proved=True), seen(run(seconds=seconds))), Review)


def test_run_without_a_time_is_always_a_candidate():
    what = seen(run("run_1"), run("run_2", seconds=None))
    assert len(concluded(entry(is_proved=True), what).candidates) == 2


@pytest.mark.parametrize("what", [seen(run(), rivals=("other",)), seen()], ids=["rival", "nothing there"])
def test_proved_request_with_a_rival_or_without_a_run_waits_before_review(what):
    assert isinstance(concluded(entry(is_proved=True), what, is_patient=True), WaitAndLook)
    assert isinstance(concluded(entry(is_proved=True), what), Review)


def test_unproved_request_without_a_run_anywhere_near_is_started_anew():
    assert concluded(entry(), seen(run(seconds=1000), run("run_2", -901))) == StartAnew()


@pytest.mark.parametrize("seconds", [-900, 1, 990])
def test_unproved_request_with_a_single_run_near_is_for_review(seconds):
    assert isinstance(concluded(entry(), seen(run(seconds=seconds))), Review)


def test_overlap_of_two_entries_needs_both_to_have_been_open_at_once():
    later = entry(sent_at=BEGINNING + timedelta(seconds=121))
    assert not entry().overlaps(later, timedelta(seconds=15))
    assert entry().overlaps(later, timedelta(seconds=16))
