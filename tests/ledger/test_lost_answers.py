"""Answers that never come, and everything that can be in the way of finding out."""

import asyncio
from datetime import timedelta

import pytest

from florist.api.errors import (
    AmbiguousRequestError,
    APIConnectionError,
    BadRequestError,
    InsufficientCreditsError,
    RateLimitError,
)
from florist.ledger import How, State, adopt, callback_token, restart
from florist.ledger.errors import EntryBusyError, NeedsReviewError, RunClaimedError, UnresolvedError
from tests.ledger.fake_flora import Fault
from tests.ledger.memory_store import MemoryStore
from tests.ledger.world import PROMISES, TECHNIQUE, KilledError, World, inputs, work

BEHAVIOURS = pytest.mark.parametrize("behaviour", ["replay", "duplicate"])
LOST = Fault(is_answered=False)
NEVER_PROCESSED = Fault(is_processed=False)
SLOWER_THAN_THE_TIMEOUT = Fault(after=50.0)
NO_CREDITS = InsufficientCreditsError("no credits", status=402, code="insufficient_credits")
BAD = BadRequestError("bad input", status=400, code="input_validation_error")
LIMITED = RateLimitError("slow down", status=429, code="rate_limited", retry_after=7.0)


@BEHAVIOURS
@pytest.mark.parametrize(
    ("fault", "count"),
    [(LOST, 1), (LOST, 3), (NEVER_PROCESSED, 1), (NEVER_PROCESSED, 3), (SLOWER_THAN_THE_TIMEOUT, 2)],
)
def test_answer_lost_in_a_living_process_is_found_again(behaviour, fault, count):
    world = World(behaviour)
    world.flora.faults = [fault] * count
    started = world.start()
    assert (started.how, world.charged(), started.entry.run_id) == (How.ADOPTED, 1, "run_0001")


def test_answers_that_stay_lost_end_in_an_error_that_may_be_repeated():
    world = World()
    world.flora.faults = [NEVER_PROCESSED] * 8
    with pytest.raises(UnresolvedError) as raised:
        world.start()
    assert raised.value.is_retryable
    assert isinstance(raised.value.__cause__, AmbiguousRequestError)
    assert world.start().run_id == "run_0001"


@pytest.mark.parametrize(
    ("behaviour", "is_processed"), [("replay", True), ("replay", False), ("duplicate", False)]
)
@pytest.mark.parametrize("when", [-5, 2, 8])
def test_run_of_a_stranger_beside_ours_is_not_taken_for_it(behaviour, is_processed, when):
    world, stranger = beside_a_stranger(behaviour, is_processed, when)
    started = world.start()
    assert started.run_id != stranger.run_id
    assert world.flora.paid_for[work().key] == [started.run_id]


@pytest.mark.parametrize("when", [-5, 2, 8])
def test_run_of_a_stranger_beside_ours_that_flora_only_calls_a_duplicate_is_for_review(when):
    world, stranger = beside_a_stranger("duplicate", True, when)
    with pytest.raises(NeedsReviewError) as review:
        world.start()
    ours = set(world.flora.paid_for[work().key])
    # One that history had shown before ours left is no candidate, but says that somebody else runs the technique.
    assert set(review.value.candidates) == (ours if when < 0 else {stranger.run_id, *ours})
    assert world.charged() == 1


def beside_a_stranger(behaviour, is_processed, when):
    """Lose a request that FLORA takes 5 s to process, and have somebody else start the technique meanwhile."""
    world = World(behaviour)
    world.flora.faults = [Fault(is_processed=is_processed, after=5.0)]
    doomed = world.process()

    async def strange():
        await asyncio.sleep(10 + when)
        return world.flora.run_by_stranger(TECHNIQUE)

    async def lost():
        await asyncio.sleep(10)
        task = asyncio.ensure_future(doomed.start(work()))
        await asyncio.sleep(1)
        doomed.kill()
        await asyncio.wait({task})
        assert isinstance(task.exception(), KilledError)

    async def together():
        return (await asyncio.gather(strange(), lost()))[0]

    return world, world.run(together())


def test_run_of_a_stranger_beside_a_repetition_is_none_of_its_candidates():
    world = World("duplicate")
    world.die(world.process(dies_at="after post"))
    world.time.pass_by(150)
    world.flora.run_by_stranger(TECHNIQUE)
    with pytest.raises(NeedsReviewError, match="somebody else runs this technique") as review:
        world.start()
    assert review.value.candidates == tuple(world.flora.paid_for[work().key])


def killed_together(world: World, *rows: str) -> None:
    """Have a process per row, each of which dies when FLORA has processed its request."""

    async def together():
        doomed = [world.process(dies_at="after post").start(work(row)) for row in rows]
        await asyncio.gather(*doomed, return_exceptions=True)

    world.run(together())


def test_two_requests_lost_together_are_for_review_and_adopting_one_mends_both():
    world = World("duplicate")
    killed_together(world, "1", "2")

    async def both():
        process = world.process()
        return await asyncio.gather(*(process.start(work(row)) for row in ("1", "2")), return_exceptions=True)

    reviews = world.run(both())
    assert [type(review) for review in reviews] == [NeedsReviewError] * 2
    assert {review.candidates for review in reviews} == {("run_0002", "run_0001")}
    mine = world.flora.paid_for[work("1").key][0]
    world.run(adopt(world.ledger, world.entry(work("1")), mine))
    again = world.run(both())
    assert [started.run_id for started in again] == [world.flora.paid_for[work(row).key][0] for row in ("1", "2")]
    assert world.flora.posts == 4  # each of the two once more, to be told that it is a duplicate


def test_run_of_a_rival_is_not_adopted_by_a_request_that_made_none():
    world = World("duplicate")
    world.flora.faults = [Fault(refusal=NO_CREDITS, burns_key=True, after=1.0)]

    async def together():
        doomed = [world.process() for _ in range(2)]
        tasks = [asyncio.ensure_future(each.start(work(row))) for each, row in zip(doomed, "12", strict=True)]
        while world.flora.posts < 2:
            await asyncio.sleep(0.01)
        for each in doomed:
            each.kill()
        await asyncio.wait(tasks)
        assert all(isinstance(task.exception(), KilledError) for task in tasks)

    world.run(together())
    [burnt] = [row for row in "12" if not world.charged(work(row))]
    [rival] = {"1", "2"} - {burnt}
    with pytest.raises(NeedsReviewError, match=work(rival).key[:8]):
        world.start(work(burnt))
    assert world.charged(work(burnt)) == 0


def test_look_for_a_run_reads_history_then_rivals_then_claims():
    # Whoever made a run that history shows is then a rival when the rivals are read, or has claimed it by the end.
    world = World("duplicate")
    killed_together(world, "1", "2")
    process = world.process()
    with pytest.raises(NeedsReviewError):
        world.run(process.start(work("1")))
    order = {"before read history": "h", "before look around": "r", "before read claim": "c"}
    looks = "".join(order.get(point, "") for point in process.passed).split("h")[1:]
    assert len(looks) > 2
    assert all(look.rstrip("c") == "r" and look.endswith("cc") for look in looks)


def test_two_requests_lost_together_are_no_matter_where_flora_replays():
    world = World("replay")
    killed_together(world, "1", "2")
    assert [world.start(work(row)).run_id for row in ("1", "2")] == ["run_0001", "run_0002"]


@BEHAVIOURS
@pytest.mark.parametrize("hours", [3, 25])
def test_request_lost_before_processing_is_started_anew_when_flora_forgot_it(behaviour, hours):
    world = World(behaviour)
    world.die(world.process(dies_at="after record sent"))
    world.flora.clock_offset = timedelta(hours=hours)
    started = world.start()
    assert (started.how, world.charged()) == (How.NEW, 1)


@BEHAVIOURS
@pytest.mark.parametrize("hours", [3, 25])
def test_request_lost_after_processing_is_for_review_when_flora_forgot_it(behaviour, hours):
    world = World(behaviour)
    world.die(world.process(dies_at="after post"))
    world.flora.clock_offset = timedelta(hours=hours)
    with pytest.raises(NeedsReviewError) as review:
        world.start()
    assert (review.value.candidates, world.charged()) == (("run_0001",), 1)


@BEHAVIOURS
@pytest.mark.parametrize("minutes", [-10, 10])
def test_clock_of_ours_wrong_by_ten_minutes_changes_nothing(behaviour, minutes):
    world = World(behaviour)
    world.die(world.process(dies_at="after post", clock_error=timedelta(minutes=minutes)))
    assert world.start(clock_error=timedelta(minutes=-minutes)).run_id == "run_0001"
    assert world.charged() == 1


@BEHAVIOURS
def test_request_of_another_api_key_waits_for_that_key(behaviour):
    world = World(behaviour)
    world.learn(PROMISES[behaviour], api_key="key-b")
    world.die(world.process(dies_at="after post", api_key="key-b"))
    with pytest.raises(NeedsReviewError, match="key-b"):
        world.start()
    assert world.start(api_key="key-b").run_id == "run_0001"
    assert world.charged() == 1


def test_review_seen_again_writes_no_further_record():
    world = World()
    world.die(world.process(dies_at="after post", api_key="key-b"))
    numbers = set()
    for _ in range(3):
        with pytest.raises(NeedsReviewError):
            world.start()
        numbers.add(world.entry().number)
    assert len(numbers) == 1


def test_webhook_names_the_run_of_a_lost_request():
    world = World("duplicate")
    world.flora.run_by_stranger(TECHNIQUE)
    world.die(world.process(dies_at="after post"))
    world.run(world.ledger.note_callback(callback_token(world.entry()), "run_0002"))
    started = world.start()
    assert (started.how, started.run_id, world.flora.posts) == (How.ADOPTED, "run_0002", 1)


def test_callback_url_is_made_of_the_token_of_the_request():
    world = World()
    tokens = []
    process = world.process()
    started = world.run(process.start(work(), callback_url=lambda token: tokens.append(token) or "https://x"))
    assert tokens == [callback_token(started.entry)]


def test_run_that_another_archive_has_paid_for_is_adopted_and_not_called_new():
    world = World("replay")
    paid = world.start()
    other = World("replay", store=MemoryStore(world.flora.now), time=world.time)
    other.flora = world.flora
    again = other.start()
    assert (again.how, again.run_id, world.charged()) == (How.ADOPTED, paid.run_id, 1)


def test_wait_for_what_another_archive_may_have_paid_says_how_long_it_takes():
    world = World("duplicate")
    world.start()
    world.store = MemoryStore(world.flora.now)
    told = []
    process = world.process()
    with pytest.raises(NeedsReviewError):
        world.run(process.start(work(), on_wait=lambda *wait: told.append((world.time.seconds, *wait))))
    ended_at = world.time.seconds
    waits = [(at, seconds) for at, reason, seconds in told if "another archive" in reason]
    assert waits
    assert all(ended_at - 1 <= at + seconds < ended_at + 20 for at, seconds in waits)
    assert world.charged() == 1


@pytest.mark.parametrize("has_heard", [True, False])
def test_posts_go_side_by_side_where_webhooks_have_come_and_not_for_an_address_alone(has_heard):
    world = World("duplicate")
    if has_heard:
        world.run(world.ledger.note_callback("a-token", "run_of_before"))
    process = world.process()
    world.flora.faults = [Fault(after=5.0) for _ in range(4)]

    async def all_rows():
        wanted = (process.start(work(row), callback_url=lambda token: f"https://x/{token}") for row in "1234")
        await asyncio.gather(*wanted)

    world.run(all_rows())
    assert (world.time.seconds < 10) is has_heard


@BEHAVIOURS
def test_process_stopped_before_its_bytes_leave_sends_nothing_after_its_lease(behaviour):
    world = World(behaviour)
    stopped, other = world.process(), world.process()

    async def stop(key):
        if key.endswith("0000.json"):
            await asyncio.sleep(300)

    stopped.store.hinder = stop

    async def both():
        first = asyncio.ensure_future(stopped.start(work()))
        await asyncio.sleep(1)
        return await asyncio.gather(first, other.start(work()))

    found = world.run(both())
    assert {started.run_id for started in found} == {"run_0001"}
    assert world.flora.posts == 1


@BEHAVIOURS
@pytest.mark.parametrize("seconds", [60, 300, 3600])
def test_process_stopped_between_check_and_send_pays_nothing_twice(behaviour, seconds):
    world = World(behaviour)
    stopped = world.process()
    stopped.flora.stall = seconds

    async def both():
        first = asyncio.ensure_future(stopped.start(work()))
        await asyncio.sleep(1)
        return await asyncio.gather(first, world.process().start(work()))

    found = world.run(both())
    assert {started.run_id for started in found} == {"run_0001"}
    assert world.charged() == 1


@BEHAVIOURS
def test_repetition_held_up_until_flora_forgot_the_request_is_not_sent(behaviour):
    world = World(behaviour)
    world.flora.window = timedelta(hours=2)
    world.die(world.process(dies_at="after post"))

    async def slowly(_):
        await asyncio.sleep(3 * 3600)
        return await inputs()

    with pytest.raises(NeedsReviewError):
        world.run(world.process().spender.start(work(), slowly))
    assert (world.flora.posts, world.charged()) == (1, 1)


def test_refusal_is_raised_recorded_and_sent_again_with_a_new_idempotency_key():
    world = World("duplicate")
    world.flora.faults = [Fault(refusal=BAD, burns_key=True)]
    with pytest.raises(BadRequestError):
        world.start()
    refused = world.entry()
    assert (refused.state, refused.refusal_code, refused.renewals) == (
        State.REFUSED,
        "input_validation_error",
        1,
    )
    assert world.start().how is How.NEW


def test_missing_credits_are_raised_as_such():
    world = World()
    world.flora.faults = [Fault(refusal=NO_CREDITS)]
    with pytest.raises(InsufficientCreditsError):
        world.start()
    assert world.entry().refusal_code == "insufficient_credits"


@BEHAVIOURS
@pytest.mark.parametrize("refusal", [NO_CREDITS, BAD])
def test_refusal_of_a_repeated_request_does_not_make_the_first_one_undone(behaviour, refusal):
    world = World(behaviour)
    world.die(world.process(dies_at="after post"))
    world.flora.faults = [Fault(refusal=refusal)]
    with pytest.raises(type(refusal)):
        world.start()
    unresolved = world.entry()
    assert (unresolved.state, len(unresolved.sends), unresolved.renewals) == (State.SENT, 1, 0)
    if refusal is NO_CREDITS and behaviour == "duplicate":
        with pytest.raises(NeedsReviewError, match="balance was empty"):
            world.start()
    else:
        assert world.start().run_id == "run_0001"
    assert world.charged() == 1


def test_rate_limit_is_waited_out_within_the_call():
    world = World()
    world.flora.faults = [Fault(refusal=LIMITED)] * 3
    assert world.start().how is How.NEW
    assert world.time.seconds > 21


def test_rate_limit_without_end_is_raised():
    world = World()
    world.flora.faults = [Fault(refusal=LIMITED)] * 8
    with pytest.raises(RateLimitError):
        world.start()
    assert world.entry().state is State.REFUSED


def test_request_that_never_left_is_refused_and_free():
    world = World()
    world.flora.faults = [Fault(refusal=APIConnectionError("no route"))]
    with pytest.raises(APIConnectionError):
        world.start()
    assert (world.entry().state, world.entry().refusal_code) == (State.REFUSED, "not_sent")


def test_key_burnt_by_a_refusal_whose_answer_was_lost_is_for_review():
    world = World("duplicate")
    world.flora.faults = [Fault(refusal=NO_CREDITS, burns_key=True, is_answered=False)]
    with pytest.raises(NeedsReviewError, match="refused"):
        world.start()
    assert (world.charged(), world.entry().state) == (0, State.NEEDS_REVIEW)
    world.run(restart(world.ledger, world.entry()))
    assert (world.start().how, world.charged()) == (How.NEW, 1)


@BEHAVIOURS
def test_route_without_history_resolves_by_repeating_and_else_is_for_review(behaviour):
    world = World(behaviour)
    world.die(world.process(dies_at="after post"), work(route="generation"))
    process = world.process()
    process.flora.has_history = False
    if behaviour == "replay":
        assert world.run(process.start(work(route="generation"))).run_id == "run_0001"
    else:
        with pytest.raises(NeedsReviewError, match="no history"):
            world.run(process.start(work(route="generation")))


@pytest.mark.parametrize("point", ["after record sent", "after post"])
def test_new_work_waits_a_moment_for_a_request_of_a_dead_process(point):
    world = World("duplicate")
    world.die(world.process(dies_at=point), work("1"))
    died_at = world.time.seconds
    world.start(work("2"))
    # For as long as the two could not be told apart: until history shows a run of the first one, if there is any.
    waited = world.time.seconds - died_at
    assert 14 < waited < 17 if point == "after record sent" else waited < 3


def test_new_work_does_not_wait_where_flora_is_known_to_replay():
    world = World()
    world.die(world.process(dies_at="after record sent"), work("1"))
    died_at = world.time.seconds
    world.start(work("2"))
    assert world.time.seconds - died_at < 2


@BEHAVIOURS
def test_cancellation_during_a_post_is_held_up_until_its_run_is_recorded(behaviour):
    world = World(behaviour)
    process = world.process()

    async def cancelled():
        task = asyncio.ensure_future(process.start(work()))
        while world.flora.posts == 0:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    world.run(cancelled())
    assert (world.entry().state, world.charged()) == (State.STARTED, 1)


def test_cancellation_before_anything_has_left_sends_nothing():
    world = World()
    process = world.process()

    async def slowly(key):
        await asyncio.sleep(5)

    process.store.hinder = slowly

    async def cancelled():
        task = asyncio.ensure_future(process.start(work()))
        await asyncio.sleep(12)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    world.run(cancelled())
    assert (world.flora.posts, world.entry().state) == (0, State.SENT)
    assert (world.start().run_id, world.charged()) == ("run_0001", 1)


def test_answer_that_names_a_run_of_another_entry_is_for_review():
    world = World()
    world.run(world.ledger.claim("run_0001", work("2").key))
    with pytest.raises(NeedsReviewError, match=work("2").key):
        world.start(work("1"))
    assert world.entry(work("1")).candidates[0].claimant == work("2").key


def test_adopting_a_run_of_another_entry_is_refused():
    world = World()
    first = world.start(work("1"))
    world.flora.faults = [Fault(refusal=BAD)]
    with pytest.raises(BadRequestError):
        world.start(work("2"))
    with pytest.raises(RunClaimedError) as error:
        world.run(adopt(world.ledger, world.entry(work("2")), first.run_id))
    assert error.value.claimant == work("1").key


def test_restarting_paid_work_needs_to_be_insisted_on():
    world = World()
    world.start()
    with pytest.raises(EntryBusyError, match="run_0001"):
        world.run(restart(world.ledger, world.entry()))
    world.run(restart(world.ledger, world.entry(), gives_up_run=True))
    assert (world.start().run_id, world.charged()) == ("run_0002", 2)
