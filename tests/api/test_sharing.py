import asyncio

import pytest

from florist.per_loop import shared
from tests.api.scripted import RUN, ScriptedFlora, client_on, ok

KEY = ("http://127.0.0.1:9/api/v1", "0123456789ab", "ws_1")


@pytest.fixture
def made(time):
    return []


@pytest.fixture
def make(time, made):
    def client():
        made.append(client_on(time, ScriptedFlora(ok(RUN))))
        return made[-1]

    return client


def is_closed(client):
    return client._transport._http.is_closed


async def test_shared_client_is_one_for_all_holders_and_closed_by_the_last(made, make):
    async with shared(KEY, make) as first:
        async with shared(KEY, make) as second:
            assert first is second
        assert not is_closed(first)
    assert (len(made), is_closed(first)) == (1, True)


async def test_shared_client_of_another_workspace_is_another(make):
    async with shared(KEY, make) as one, shared((*KEY[:2], "ws_2"), make) as other:
        assert one is not other


async def test_shared_client_after_the_last_left_is_a_new_one(made, make):
    for _ in range(2):
        async with shared(KEY, make):
            pass
    assert [is_closed(client) for client in made] == [True, True]


def test_shared_client_on_another_event_loop_is_another(made, make):
    async def hold():
        async with shared(KEY, make) as client:
            await client.runs.retrieve("run_1")

    asyncio.run(hold())
    asyncio.run(hold())
    assert len(made) == 2


async def test_shared_client_is_closed_when_its_holder_fails(made, make):
    with pytest.raises(ZeroDivisionError):
        async with shared(KEY, make):
            raise ZeroDivisionError
    assert is_closed(made[0])


async def test_shared_client_that_cannot_be_made_leaves_nothing_behind(make):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with shared(KEY, fail):
            pass
    async with shared(KEY, make) as client:
        assert not is_closed(client)
