"""Streams cut into full parts."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from florist.stores.parts import filled, read_ahead


async def each(chunks):
    for chunk in chunks:
        yield chunk


@given(st.lists(st.binary(max_size=30)), st.integers(1, 10))
def test_filled_parts_are_full_save_the_last_and_make_the_same_stream(chunks, size):
    async def collected():
        return [part async for part in filled(each(chunks), size)]

    parts = asyncio.run(collected())
    assert b"".join(parts) == b"".join(chunks)
    assert all(len(part) == size for part in parts[:-1])
    assert all(0 < len(part) <= size for part in parts[-1:])


async def test_read_ahead_takes_no_more_than_asked_from_the_source():
    taken = []

    async def source():
        for number in range(9):
            taken.append(number)
            yield bytes([number])

    parts = read_ahead(source(), count=1)
    await anext(parts)
    for _ in range(20):
        await asyncio.sleep(0)
    # One with the taker, one waiting for it.
    assert taken == [0, 1]
    await parts.aclose()


async def test_read_ahead_hands_on_the_parts_before_an_error_and_then_the_error():
    async def source():
        yield b"a"
        raise LookupError("broke")

    parts = read_ahead(source())
    assert await anext(parts) == b"a"
    with pytest.raises(LookupError):
        await anext(parts)


async def test_read_ahead_closed_early_closes_its_source():
    closed = []

    async def source():
        try:
            while True:
                yield b"a"
        finally:
            closed.append(True)

    parts = read_ahead(source())
    await anext(parts)
    await parts.aclose()
    assert closed == [True]
