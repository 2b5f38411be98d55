"""The ways in which POSTs side by side, and what is learnt of FLORA, once went wrong. See `docs/ledger.md`."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import anyio
import pytest

from florist.api.errors import InsufficientCreditsError
from florist.api.models import InputValue
from florist.ledger import How, State
from florist.ledger.errors import NeedsReviewError
from florist.ledger.promises import Belief, Observation, Promise
from florist.stores.errors import StoreDeniedError
from tests.ledger.fake_flora import Fault
from tests.ledger.memory_store import MemoryStore
from tests.ledger.virtual_time import BEGINNING
from tests.ledger.world import TECHNIQUE, Process, World, work

LOST = Fault(is_answered=False)
NEVER_ARRIVED = Fault(is_processed=False)
NO_CREDITS = InsufficientCreditsError("no credits", status=402, code="insufficient_credits")
BURNT = Fault(refusal=NO_CREDITS, burns_key=True, is_answered=False)


def all_started(world: World, process: Process, rows, *, after: float = 0.0) -> list:
    """Have a process start rows side by side; return what each came to."""

    async def together():
        await asyncio.sleep(after)
        return await asyncio.gather(*(process.start(work(row)) for row in rows), return_exceptions=True)

    return world.run(together())


def belief(world: World) -> Belief:
    process = world.process()
    return world.run(process.spender._effects.belief())


def test_run_that_comes_back_to_a_repeat_is_not_taken_for_a_replay():
    world = World("neither", knows_promise=False)
    world.flora.faults = [NEVER_ARRIVED]
    assert world.start(work("1")).how is How.ADOPTED
    assert belief(world) == Belief()
    world.flora.faults = [LOST]
    with pytest.raises(NeedsReviewError) as review:
        world.start(work("2"))
    assert review.value.candidates == tuple(world.flora.paid_for[work("2").key])
    assert (world.charged(work("1")), world.charged(work("2"))) == (1, 1)


def test_replay_is_learnt_from_an_answer_that_says_so_and_by_every_process():
    world = World("replay", knows_promise=False)
    world.flora.lag = timedelta(seconds=500)
    world.flora.faults = [LOST]
    world.start()
    assert belief(world).same_body is Promise.REPLAY


def test_flora_that_turns_from_replay_to_duplicate_with_eight_open_pays_once_and_turns_starts_serial():
    world = World("replay")
    process = world.process()
    world.flora.faults = [Fault(is_answered=False, after=5.0)] * 8 + [Fault(after=5.0)] * 80
    lost, later = range(8), range(8, 80)

    async def together():
        first = asyncio.gather(*(process.start(work(str(row))) for row in lost), return_exceptions=True)
        await asyncio.sleep(20)
        world.flora.behaviour = "duplicate"
        await asyncio.sleep(68)
        assert await process.spender._effects.belief() == belief_of(Promise.REPLAY)
        rest = asyncio.gather(*(process.start(work(str(row))) for row in later), return_exceptions=True)
        return await first, await rest

    first, rest = world.run(together())
    assert {type(each) for each in first} == {NeedsReviewError}
    assert not [each for each in rest if isinstance(each, BaseException)]
    assert belief(world) == belief_of(Promise.REFUSE)
    assert all(world.charged(work(str(row))) == 1 for row in (*lost, *later))
    learnt_at = max(at for key, (_, at) in world.store.objects.items() if "promises" in key)
    contradicted = (learnt_at - BEGINNING).total_seconds()
    apart = sorted(each for each in world.flora.took if each[0] > contradicted + 1)
    assert len(apart) > 8
    assert all(one[1] <= other[0] for one, other in pairwise(apart))


def belief_of(promise: Promise) -> Belief:
    return Belief(same_body=promise, other_body=promise)


def test_contradiction_outlives_a_reading_that_began_before_it_and_a_write_that_failed():
    world = World("replay")
    promises = world.process().spender._effects._promises
    seen = Observation(promise=Promise.REFUSE, is_same_body=True, seen_at=world.time.now(), age_seconds=1.0)

    async def learnt_meanwhile():
        promises._store.hinder = refuse
        reading = asyncio.ensure_future(promises.belief(now=world.time.now()))
        with pytest.raises(StoreDeniedError):
            await promises.learn(seen)
        await reading
        await asyncio.sleep(60)
        return await promises.belief(now=world.time.now())

    async def refuse(key: str) -> None:
        world.store.objects.pop(key)
        raise StoreDeniedError("no rights")

    assert world.run(learnt_meanwhile()).same_body is Promise.REFUSE


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
def test_one_request_in_twenty_that_never_arrived_is_sent_again_and_none_is_for_review(behaviour):
    world = World(behaviour)
    rows = [str(number) for number in range(60)]
    world.flora.faults = ([Fault()] * 19 + [NEVER_ARRIVED]) * 4
    came = all_started(world, world.process(), rows)
    assert not [each for each in came if isinstance(each, BaseException)]
    assert all(world.charged(work(row)) == 1 for row in rows)


@pytest.mark.parametrize(("lag", "is_found"), [(0, True), (200, True), (385, True), (500, False)])
def test_history_late_by_less_than_patience_has_the_run_adopted_by_time(lag, is_found):
    world = World("duplicate")
    world.flora.lag = timedelta(seconds=lag)
    world.flora.faults = [LOST]
    if is_found:
        assert world.start().entry.started_by == "adopted by time"
    else:
        with pytest.raises(NeedsReviewError, match="shows no run"):
            world.start()
    assert world.charged() == 1


@pytest.mark.parametrize("lag", [0, 200, 385])
@pytest.mark.parametrize("behaviour", ["replay", "duplicate", "neither"])
def test_request_to_an_unknown_flora_is_not_repeated_while_history_may_show_its_run(behaviour, lag):
    world = World(behaviour, knows_promise=False)
    world.flora.lag = timedelta(seconds=lag)
    world.flora.faults = [LOST]
    with pytest.raises(NeedsReviewError, match="probe-idempotency") as review:
        world.start()
    assert (review.value.candidates, world.charged(), world.flora.posts) == (("run_0001",), 1, 1)


def test_burnt_key_beside_a_stranger_is_for_review_where_a_balance_was_seen_empty():
    world = World("duplicate")
    world.flora.faults = [BURNT, Fault(refusal=NO_CREDITS)]
    process = world.process()

    async def together():
        lost = asyncio.ensure_future(process.start(work("1")))
        await asyncio.sleep(1)
        world.flora.run_by_stranger(TECHNIQUE)
        await asyncio.gather(process.start(work("2")), return_exceptions=True)
        await lost

    with pytest.raises(NeedsReviewError, match="balance was empty"):
        world.run(together())
    assert world.charged(work("1")) == 0


@pytest.mark.parametrize("before", [5.0, 3600.0])
def test_burnt_key_beside_a_stranger_who_was_there_before_is_for_review(before):
    world = World("duplicate")
    world.flora.run_by_stranger(TECHNIQUE)
    world.time.pass_by(before)
    world.flora.faults = [BURNT]
    with pytest.raises(NeedsReviewError, match="shows no run"):
        world.start()


def test_refusal_that_flora_repeats_is_the_first_one_s_own_and_paid_for_anew_after_a_top_up():
    world = World("replay")
    world.flora.faults = [BURNT]
    with pytest.raises(InsufficientCreditsError):
        world.start()
    assert (world.entry().state, world.entry().renewals) == (State.REFUSED, 1)
    topped_up_at = world.time.seconds
    assert world.start().how is How.NEW
    assert world.time.seconds - topped_up_at < 5


def test_store_that_denies_deleting_is_asked_once_and_all_goes_well():
    world = World("duplicate")
    asked = []

    async def deny(*keys: str) -> None:
        asked.append(keys)
        raise StoreDeniedError("no rights to delete")

    world.store.delete = deny
    process = world.process()
    for row in map(str, range(50)):
        assert world.run(process.start(work(row))).how is How.NEW
    assert len(asked) == 1
    world.flora.faults = [LOST]
    assert world.start(work("another")).how is How.ADOPTED


class LateListing(MemoryStore):
    """Shows nothing in a listing for its first minute; reads by key are as they should be."""

    async def list(self, prefix: str, **options):
        async for found in super().list(prefix, **options):
            if (self.now() - found.modified_at).total_seconds() >= 60:
                yield found


def late(behaviour: str) -> World:
    world = World(behaviour)
    world.store.__class__ = LateListing
    return world


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
def test_loser_of_a_record_sends_nothing_though_listings_are_a_minute_late(behaviour):
    world = late(behaviour)
    world.flora.faults = [NEVER_ARRIVED]
    first, second = world.process(), world.process()
    first.flora.queue = 1.0

    async def both():
        one = asyncio.ensure_future(first.start(work()))
        await asyncio.sleep(30)
        return await asyncio.gather(one, second.start(work()))

    assert {started.run_id for started in world.run(both())} == {"run_0001"}
    assert (world.flora.posts, world.charged()) == (2, 1)


def test_rivals_are_seen_though_listings_are_a_minute_late():
    world = late("duplicate")
    world.flora.faults = [Fault(refusal=NO_CREDITS, burns_key=True, after=1.0)]
    doomed = [world.process(), world.process()]

    async def together():
        tasks = [asyncio.ensure_future(each.start(work(row))) for each, row in zip(doomed, "12", strict=True)]
        while world.flora.posts < 2:
            await asyncio.sleep(0.01)
        for each in doomed:
            each.kill()
        await asyncio.wait(tasks)
        [task.exception() for task in tasks]

    world.run(together())
    [burnt] = [row for row in "12" if not world.charged(work(row))]
    with pytest.raises(NeedsReviewError):
        world.start(work(burnt))


@pytest.mark.parametrize("other_body", [Promise.REFUSE, Promise.UNKNOWN])
def test_body_that_differs_on_the_repeat_pays_nothing_twice(other_body):
    world = World("replay-equal", knows_promise=False)
    promises = world.process().spender._effects._promises
    for is_same_body, promise in ((True, Promise.REPLAY), (False, other_body)):
        if promise is not Promise.UNKNOWN:
            seen = Observation(
                promise=promise, is_same_body=is_same_body, seen_at=world.time.now(), age_seconds=1.0
            )
            world.run(promises.learn(seen))
    world.die(world.process(dies_at="after post"))
    resumed = world.process().spender.start(work(), [InputValue(id="prompt", type="text", value="signed anew")])
    if other_body is Promise.REFUSE:
        assert world.run(resumed).entry.started_by == "adopted by time"
    else:
        with pytest.raises(NeedsReviewError, match="not known whether"):
            world.run(resumed)
    assert world.charged() == 1


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
@pytest.mark.parametrize("fault", [Fault(after=8.0), Fault(after=50.0)])
def test_cancel_scope_around_a_post_lets_it_be_carried_through(behaviour, fault):
    world = World(behaviour)
    world.flora.faults = [fault]
    process = world.process()

    async def scoped():
        with anyio.move_on_after(3):
            await process.start(work())

    world.run(scoped())
    assert world.entry().state is (State.STARTED if fault.after < 30 else State.SENT)
    assert (world.start().run_id, world.charged()) == ("run_0001", 1)


def test_later_attempt_that_joins_a_cancelled_call_gets_the_run():
    world = World()
    world.flora.faults = [Fault(after=8.0)]
    process = world.process()

    async def cancelled_and_tried_again():
        first = asyncio.ensure_future(process.start(work()))
        await asyncio.sleep(3)
        first.cancel()
        await asyncio.sleep(1)
        again = asyncio.ensure_future(process.start(work()))
        with pytest.raises(asyncio.CancelledError):
            await first
        return await again

    assert world.run(cancelled_and_tried_again()).run_id == "run_0001"
    assert world.flora.posts == 1


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
def test_old_and_rescheduled_process_together_pay_each_row_once(behaviour):
    world = World(behaviour)
    rows = [str(number) for number in range(6)]
    world.flora.faults = [Fault(), NEVER_ARRIVED, Fault(), Fault(after=40.0), Fault()]

    async def together():
        processes = [world.process(), world.process()]
        calls = [each.start(work(row)) for each in processes for row in rows]
        return await asyncio.gather(*calls, return_exceptions=True)

    came = world.run(together())
    assert all(isinstance(each, NeedsReviewError) or each.run_id for each in came), came
    assert all(world.charged(work(row)) == 1 for row in rows)


def test_loser_of_a_row_pays_a_read():
    world = World()
    first, second = world.process(), world.process()
    world.run(first.start(work("0")))

    async def both():
        return await asyncio.gather(first.start(work()), second.start(work()))

    before = world.store.reads
    one, other = world.run(both())
    assert one.run_id == other.run_id
    assert world.flora.posts == 2
    assert world.store.reads - before < 25


def test_newcomer_waits_no_longer_than_what_it_found_open_is_open():
    world = World("duplicate")
    world.flora.faults = [Fault(after=1.0)]
    busy, newcomer = world.process(), world.process()

    async def beside() -> float:
        first = asyncio.ensure_future(busy.start(work("0")))
        await asyncio.sleep(0.5)
        began = world.time.seconds
        await newcomer.start(work("1"))
        await first
        return world.time.seconds - began

    assert world.run(beside()) < 5
    assert world.flora.posts == 2


def test_page_of_the_journal_that_is_damaged_holds_up_nobody_and_counts_as_a_rival():
    world = World("duplicate")
    bucket = int(world.time.now().timestamp() // 600)
    world.store.objects[f"ledger/open/{TECHNIQUE}/{bucket}/x.json"] = b"{", world.time.now()
    assert world.start(work("1")).how is How.NEW
    world.flora.faults = [LOST]
    with pytest.raises(NeedsReviewError, match="cannot be read") as review:
        world.start(work("2"))
    assert review.value.candidates == tuple(world.flora.paid_for[work("2").key])


def test_second_loss_of_a_request_holds_others_up_again():
    world = World("duplicate")
    world.flora.faults = [NEVER_ARRIVED, NEVER_ARRIVED]
    process = world.process()

    async def together():
        lost = asyncio.ensure_future(process.start(work("1")))
        while world.flora.posts < 2:
            await asyncio.sleep(0.1)
        lost_again_at = world.time.seconds
        await process.start(work("2"))
        waited = world.time.seconds - lost_again_at
        await lost
        return waited

    assert 14 < world.run(together()) < 17


@pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
def test_campaign_on_a_second_archive_adopts_no_other_row_s_run(behaviour):
    world = World(behaviour)
    rows = ["1", "2", "3"]
    all_started(world, world.process(), rows)
    first = {row: world.flora.paid_for[work(row).key] for row in rows}
    world.store = MemoryStore(world.flora.now)
    world.learn(Promise.REPLAY if behaviour == "replay" else Promise.REFUSE)
    world.flora.faults = [Fault(), LOST]
    came = dict(zip(rows, all_started(world, world.process(), rows), strict=True))
    for row, each in came.items():
        assert isinstance(each, NeedsReviewError) or [each.run_id] == first[row]
    assert {row: world.flora.paid_for[work(row).key] for row in rows} == first


def test_process_restarted_under_the_same_name_waits_for_what_the_dead_one_left_in_doubt(monkeypatch):
    world = World("duplicate")
    world.die(world.process(dies_at="after record sent"), work("1"))
    died_at = world.time.seconds
    monkeypatch.setattr("florist.ledger.spender.THIS_PROCESS", "the next one")
    world.names = 0
    world.start(work("2"))
    assert world.time.seconds - died_at > 14


def test_next_request_leaves_once_a_run_is_claimed_though_its_record_is_still_to_come():
    world = World("duplicate")
    process = world.process()

    async def slow_record(key: str) -> None:
        if key.startswith("ledger/entries/") and key.endswith("0001.json"):
            await asyncio.sleep(20)

    process.store.hinder = slow_record
    all_started(world, process, "123")
    assert max(left_at for left_at, _ in world.flora.took) < 5
    assert {world.entry(work(row)).state for row in "123"} == {State.STARTED}


@pytest.mark.parametrize(("behaviour", "waits"), [("replay", False), ("duplicate", True)])
def test_next_request_leaves_before_a_run_is_claimed_only_where_history_need_not_tell_them_apart(behaviour, waits):
    world = World(behaviour)
    process = world.process()

    async def slow_claim(key: str) -> None:
        if key.startswith("ledger/claims/"):
            await asyncio.sleep(20)

    process.store.hinder = slow_claim
    all_started(world, process, map(str, range(9)))  # eight may be under way
    assert (max(left_at for left_at, _ in world.flora.took) > 5) is waits
    assert all(world.charged(work(str(row))) == 1 for row in range(9))


def test_request_whose_run_was_claimed_and_not_recorded_is_no_candidate_of_the_next_one():
    world = World("duplicate")
    world.flora.faults = [Fault(), LOST]
    doomed = world.process()

    async def no_record(key: str) -> None:
        if key.startswith("ledger/entries/") and key.endswith("0001.json"):
            del world.store.objects[key]
            await asyncio.sleep(3)
            doomed.kill()

    doomed.store.hinder = no_record
    all_started(world, doomed, "12")
    came = all_started(world, world.process(), "12")
    assert {each.run_id for each in came} == {"run_0001", "run_0002"}, came
    assert [world.charged(work(row)) for row in "12"] == [1, 1]
