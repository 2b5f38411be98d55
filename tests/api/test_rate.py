import asyncio
import threading

import pytest

from florist.api.errors import APITimeoutError, RateLimitError
from florist.api.rate import QUIET_SECONDS, WorkspaceRate, shared_rate

NEVER = float("inf")


@pytest.fixture
def rate(time):
    return WorkspaceRate(monotonic=time.monotonic, sleep=time.sleep)


async def fly(rate, count, until):
    """Keep so many calls in flight until the event."""

    async def one():
        async with rate.permit(deadline=NEVER):
            await until.wait()

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def refuse(rate, pause=1.0):
    async with rate.permit(deadline=NEVER) as permit:
        permit.refused(pause)


async def test_429_pauses_every_call_until_its_retry_after(rate, time):
    await refuse(rate, 7.0)
    async with rate.permit(deadline=NEVER):
        assert time.elapsed == 7


async def test_429_halves_what_is_in_flight(rate):
    landing = asyncio.Event()
    tasks = await fly(rate, 7, landing)
    await refuse(rate)
    assert rate.most_in_flight == 4
    landing.set()
    await asyncio.gather(*tasks)


async def test_429_of_a_lone_call_lets_one_fly(rate):
    await refuse(rate)
    assert rate.most_in_flight == 1


async def test_429s_of_calls_from_before_the_cut_count_once(rate, time):
    landing = asyncio.Event()
    tasks = await fly(rate, 6, landing)
    async with rate.permit(deadline=NEVER) as late:
        async with rate.permit(deadline=NEVER) as early:
            time.elapsed += 1
            early.refused(1.0)
        late.refused(1.0)
    assert rate.most_in_flight == 4
    landing.set()
    await asyncio.gather(*tasks)


async def test_quiet_time_lets_one_more_fly_until_the_limit_is_forgotten(rate, time):
    landing = asyncio.Event()
    tasks = await fly(rate, 5, landing)
    await refuse(rate, pause=0)
    landing.set()
    await asyncio.gather(*tasks)
    allowed = []
    for _ in range(8):
        allowed.append(rate.most_in_flight)
        time.elapsed += QUIET_SECONDS
    assert allowed == [3, 4, 5, 6, 7, 8, 9, None]


async def test_more_calls_than_may_fly_take_turns(rate):
    landing = asyncio.Event()
    tasks = await fly(rate, 3, landing)
    await refuse(rate, pause=0)
    landing.set()
    await asyncio.gather(*tasks)
    most, done = 0, 0

    async def call():
        nonlocal most, done
        async with rate.permit(deadline=NEVER):
            most = max(most, rate.in_flight)
            await asyncio.sleep(0)
        done += 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert (most, done, rate.in_flight) == (2, 20, 0)


async def test_pause_past_the_deadline_sends_nothing(rate):
    await refuse(rate, pause=60)
    with pytest.raises(RateLimitError) as caught:
        async with rate.permit(deadline=30):
            raise AssertionError("it flew")
    assert caught.value.retry_after == 60


async def limited_to_one(rate):
    landing = asyncio.Event()
    tasks = await fly(rate, 1, landing)
    await refuse(rate, pause=0)
    landing.set()
    await asyncio.gather(*tasks)
    assert rate.most_in_flight == 1


async def test_queue_past_the_deadline_sends_nothing(rate, time):
    await limited_to_one(rate)
    async with rate.permit(deadline=NEVER):
        with pytest.raises(APITimeoutError, match="nothing was sent"):
            async with rate.permit(deadline=time.elapsed):
                raise AssertionError("it flew")
    assert rate.in_flight == 0


async def test_waiter_cancelled_when_called_passes_its_call_on(rate):
    await limited_to_one(rate)
    flown = []

    async def call(name):
        async with rate.permit(deadline=NEVER):
            flown.append(name)

    async with rate.permit(deadline=NEVER):
        first, second = asyncio.create_task(call("first")), asyncio.create_task(call("second"))
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert (flown, rate.in_flight) == (["second"], 0)


def test_waiters_on_other_event_loops_are_called_too(rate):
    order = []

    async def elsewhere(inside):
        async with rate.permit(deadline=NEVER):
            order.append("elsewhere")
        inside.set()

    async def here():
        await limited_to_one(rate)
        async with rate.permit(deadline=NEVER):
            done = threading.Event()
            thread = threading.Thread(target=lambda: asyncio.run(elsewhere(done)))
            thread.start()
            while not rate._waiting:
                await asyncio.sleep(0)
            order.append("here")
        thread.join()

    asyncio.run(here())
    assert order == ["here", "elsewhere"]


def test_rate_is_one_for_a_workspace_and_another_for_the_next(time):
    def rate(workspace):
        return shared_rate("https://x", workspace, monotonic=time.monotonic, sleep=time.sleep)

    assert rate("ws_1") is rate("ws_1")
    assert rate("ws_1") is not rate("ws_2")
