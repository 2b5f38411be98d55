"""The rules for a request whose answer was lost, one by one."""

from datetime import timedelta

import pytest

from florist.api.models import Run, RunStatus
from florist.ledger import Entry, Send, State, Timing
from florist.ledger.promises import Promise
from florist.ledger.recovery_rules import (
    Adopt,
    Evidence,
    Look,
    Review,
    SendAgain,
    Situation,
    StartAnew,
    WaitAndLook,
    conclusion,
    first_step,
    is_clock_trusted,
    is_mature,
    is_remembered,
    is_settled,
)
from tests.ledger.virtual_time import BEGINNING
from tests.ledger.world import work

TIMING = Timing()
SETTLED = timedelta(seconds=90)


def entry(*, proved_by=None, fingerprint="key-a", sent_at=BEGINNING, shown_before=()) -> Entry:
    send = Send(
        sent_at=sent_at,
        settles_at=sent_at + SETTLED,
        fingerprint=fingerprint,
        owner="a",
        number=0,
        shown_before=shown_before,
    )
    return Entry(
        key=work().key,
        work=work(),
        state=State.SENT,
        recorded_at=BEGINNING,
        owner="a",
        sends=(send,),
        proved_by=proved_by,
    )


def run(run_id="run_1", seconds: float | None = 1.0) -> Run:
    created_at = None if seconds is None else BEGINNING + timedelta(seconds=seconds)
    return Run(run_id=run_id, status=RunStatus.RUNNING, created_at=created_at)


def seen(*runs, claims=None, rivals=(), doubts=()) -> Evidence:
    return Evidence(runs=runs, claims=claims or {}, rivals=rivals, doubts=doubts)


def situation(promise=Promise.REPLAY, *, remembered=True, mature=True, patient=False) -> Situation:
    return Situation(promise=promise, is_remembered=remembered, is_mature=mature, is_patient=patient)


def step(unresolved, at=None, *, fingerprint="key-a", told=None, has_history=True):
    return first_step(unresolved, at or situation(), fingerprint=fingerprint, told=told, has_history=has_history)


def concluded(unresolved, what, at=None):
    return conclusion(unresolved, what, at or situation(remembered=False), timing=TIMING)


def settled(*, age, watched, trusted=True) -> bool:
    return is_settled(
        entry(),
        now=BEGINNING + timedelta(seconds=age),
        watched=timedelta(seconds=watched),
        is_clock_trusted=trusted,
        timing=TIMING,
    )


@pytest.mark.parametrize(
    ("age", "watched", "expected"),
    [(89, 0, False), (90, 0, True), (-7200, 89, False), (-7200, 90, True)],
    ids=["young", "old", "clock behind", "clock behind, watched long enough"],
)
def test_entry_is_settled_by_floras_clock_or_by_our_own_watching(age, watched, expected):
    assert settled(age=age, watched=watched) is expected


def test_entry_whose_times_the_store_contradicts_is_settled_by_watching_alone():
    assert not settled(age=10_000, watched=89, trusted=False)
    assert settled(age=0, watched=90, trusted=False)


@pytest.mark.parametrize(
    ("apart", "trusted"), [(0, True), (240, True), (-240, True), (241, False), (-7200, False)]
)
def test_clock_is_trusted_as_far_as_the_store_s_own_agrees(apart, trusted):
    recorded_at = {0: BEGINNING + timedelta(seconds=apart)}
    assert is_clock_trusted(entry(), recorded_at, TIMING) is trusted


@pytest.mark.parametrize(
    ("age", "trusted", "expected"),
    [
        (timedelta(), True, True),
        (timedelta(hours=1, minutes=54), True, True),
        (timedelta(hours=1, minutes=55), True, False),
        (timedelta(hours=25), True, False),
        (timedelta(hours=-1), True, False),
        (timedelta(), False, False),
    ],
)
def test_request_is_remembered_within_floras_window_by_a_clock_that_is_trusted(age, trusted, expected):
    now = BEGINNING + age
    assert is_remembered(entry(), now=now, is_clock_trusted=trusted, timing=TIMING) is expected


@pytest.mark.parametrize(("age", "expected"), [(389, False), (390, True)])
def test_history_is_mature_a_patience_after_the_request_was_settled(age, expected):
    now = BEGINNING + timedelta(seconds=age)
    assert is_mature(entry(), now=now, watched=timedelta(), is_clock_trusted=True, timing=TIMING) is expected
    assert (
        is_mature(entry(), now=BEGINNING, watched=timedelta(seconds=age), is_clock_trusted=False, timing=TIMING)
        is expected
    )


@pytest.mark.parametrize("promise", [Promise.REPLAY, Promise.REFUSE])
def test_request_within_floras_memory_is_sent_again_where_it_keeps_a_promise(promise):
    assert step(entry(), situation(promise)) == SendAgain()


@pytest.mark.parametrize("promise", [Promise.UNKNOWN, Promise.NEITHER])
def test_request_to_a_flora_that_may_run_it_again_is_looked_up_first(promise):
    assert step(entry(), situation(promise)) == Look()


def test_request_named_by_a_webhook_is_adopted_whatever_else():
    adopted = step(entry(fingerprint="key-b"), situation(remembered=False), told="run_9")
    assert isinstance(adopted, Adopt)
    assert adopted.run_id == "run_9"


def test_request_of_another_api_key_is_for_review():
    review = step(entry(fingerprint="key-b"))
    assert isinstance(review, Review)
    assert "key-b" in review.reason


def test_request_past_floras_memory_is_looked_up():
    assert step(entry(), situation(remembered=False)) == Look()


@pytest.mark.parametrize("proof", ["repeat", "first request"])
def test_proved_request_is_never_sent_again(proof):
    assert step(entry(proved_by=proof)) == Look()
    assert isinstance(step(entry(proved_by=proof), has_history=False), Review)


def test_request_of_a_route_without_history_is_sent_again_only_where_flora_keeps_a_promise():
    assert step(entry(), has_history=False) == SendAgain()
    assert isinstance(step(entry(), situation(Promise.UNKNOWN), has_history=False), Review)


def test_run_claimed_by_this_entry_is_adopted_though_there_are_others():
    what = seen(run("run_1"), run("run_2"), claims={"run_2": work().key}, rivals=("other",))
    assert concluded(entry(), what).run_id == "run_2"


def test_proved_request_adopts_a_sole_candidate_by_time_after_patience():
    what = seen(run("run_1"), run("run_2"), run("run_3", 500), claims={"run_2": "another"})
    adopted = concluded(entry(proved_by="repeat"), what)
    assert (adopted.run_id, adopted.by) == ("run_1", "adopted by time")
    assert isinstance(concluded(entry(proved_by="repeat"), what, situation(mature=False)), WaitAndLook)


def test_duplicate_on_a_first_request_is_no_proof_that_a_run_is_ours():
    review = concluded(entry(proved_by="first request"), seen(run()))
    assert isinstance(review, Review)
    assert [candidate.run_id for candidate in review.candidates] == ["run_1"]


def test_sole_candidate_is_not_adopted_where_there_is_a_doubt():
    review = concluded(entry(proved_by="repeat"), seen(run(), doubts=("the balance was empty",)))
    assert isinstance(review, Review)
    assert "the balance was empty" in review.reason


def test_run_that_history_showed_before_the_request_left_is_no_candidate():
    what = seen(run("run_1"), run("run_2"))
    assert concluded(entry(proved_by="repeat", shown_before=("run_1",)), what).run_id == "run_2"


@pytest.mark.parametrize("seconds", [-15, 0, 90, 105])
def test_run_within_the_interval_is_a_candidate(seconds):
    assert isinstance(concluded(entry(proved_by="repeat"), seen(run(seconds=seconds))), Adopt)


@pytest.mark.parametrize("seconds", [-16, 106])
def test_run_outside_the_interval_is_none(seconds):
    assert isinstance(concluded(entry(proved_by="repeat"), seen(run(seconds=seconds))), Review)


def test_run_without_a_time_is_always_a_candidate():
    what = seen(run("run_1"), run("run_2", seconds=None))
    assert len(concluded(entry(proved_by="repeat"), what).candidates) == 2


@pytest.mark.parametrize("what", [seen(run(), rivals=("other",)), seen()], ids=["rival", "nothing there"])
def test_proved_request_with_a_rival_or_without_a_run_waits_before_review(what):
    assert isinstance(concluded(entry(proved_by="repeat"), what, situation(patient=True)), WaitAndLook)
    assert isinstance(concluded(entry(proved_by="repeat"), what), Review)


def test_unproved_request_without_a_run_anywhere_near_is_started_anew_once_flora_forgot_it():
    what = seen(run(seconds=1000), run("run_2", -901))
    assert concluded(entry(), what) == StartAnew()
    assert isinstance(concluded(entry(), what, situation(remembered=False, mature=False)), WaitAndLook)


def test_unproved_request_without_a_run_is_repeated_after_patience_where_the_promise_is_unknown():
    assert isinstance(concluded(entry(), seen(), situation(Promise.UNKNOWN, mature=False)), WaitAndLook)
    assert concluded(entry(), seen(), situation(Promise.UNKNOWN)) == SendAgain()


@pytest.mark.parametrize("remembered", [True, False])
def test_nothing_is_ever_sent_again_to_a_flora_that_keeps_no_promise(remembered):
    assert isinstance(concluded(entry(), seen(), situation(Promise.NEITHER, remembered=remembered)), Review)


@pytest.mark.parametrize("seconds", [-900, 1, 990])
@pytest.mark.parametrize("promise", [Promise.UNKNOWN, Promise.NEITHER])
def test_unproved_request_with_a_single_run_near_is_for_review(seconds, promise):
    assert isinstance(concluded(entry(), seen(run(seconds=seconds))), Review)
    assert isinstance(concluded(entry(), seen(run(seconds=seconds)), situation(promise)), Review)


def test_overlap_of_two_entries_needs_both_to_have_been_open_at_once():
    later = entry(sent_at=BEGINNING + timedelta(seconds=121))
    assert not entry().overlaps(later, timedelta(seconds=15))
    assert entry().overlaps(later, timedelta(seconds=16))
