"""PrioritySemaphore for transfers."""

import asyncio
from datetime import UTC, datetime, timedelta

from florist.archive.priority_semaphore import PrioritySemaphore

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def holds(permits: PrioritySemaphore, name: int, order: list[int], leave: asyncio.Event) -> None:
    async with permits.held(NOON + timedelta(minutes=name)):
        order.append(name)
        await leave.wait()


async def test_permits_are_never_more_than_there_are():
    permits, order, leave = PrioritySemaphore(2), [], asyncio.Event()
    holding = [asyncio.create_task(holds(permits, name, order, leave)) for name in range(5)]
    await settle()
    assert order == [0, 1]
    leave.set()
    await asyncio.gather(*holding)
    assert sorted(order) == [0, 1, 2, 3, 4]


async def test_permit_that_falls_free_goes_to_the_earliest_deadline():
    permits, order, leave = PrioritySemaphore(1), [], asyncio.Event()
    holding = [asyncio.create_task(holds(permits, name, order, leave)) for name in (9, 5, 7, 3)]
    await settle()
    leave.set()
    await asyncio.gather(*holding)
    assert order == [9, 3, 5, 7]


async def test_permit_of_one_who_gave_up_waiting_goes_to_the_next():
    permits, order, leave = PrioritySemaphore(1), [], asyncio.Event()
    holding = [asyncio.create_task(holds(permits, name, order, leave)) for name in (9, 3, 5)]
    await settle()
    holding[1].cancel()
    leave.set()
    await asyncio.gather(*holding, return_exceptions=True)
    assert order == [9, 5]


async def test_permit_handed_to_one_who_is_cancelled_in_that_moment_is_not_lost():
    permits, order, leave = PrioritySemaphore(1), [], asyncio.Event()
    holding = [asyncio.create_task(holds(permits, name, order, leave)) for name in (9, 3)]
    await settle()
    holding[0].cancel()
    await asyncio.sleep(0)
    holding[1].cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    leave.set()
    await asyncio.wait_for(holds(permits, 1, order, leave), 5)
    assert order[-1] == 1
