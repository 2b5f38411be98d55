"""Finds out, before anything is paid for, whether a store keeps its promises."""

import asyncio
from uuid import uuid4

from florist.stores.errors import StoreError, StoreUnsafeError
from florist.stores.store import Store

RACERS = 4


async def probe(store: Store) -> None:
    """Write one small object several times at once, read it back, and remove it.

    Raises:
        StoreUnsafeError: more than one writer was told that its bytes are the ones that stand there.
        StoreError: nothing could be written, or what was written could not be read.
    """
    key = f"florist-check-{uuid4().hex}.json"
    writings = [f'{{"writer": {number}}}'.encode() for number in range(RACERS)]
    try:
        won = await asyncio.gather(*(store.create(key, data) for data in writings))
        kept = await store.read(key)
    finally:
        await store.delete(key)
    if kept is None:
        raise StoreError(f"{store.location} took an object and has not kept it", location=store.location)
    if [data for data, is_winner in zip(writings, won, strict=True) if is_winner] != [kept]:
        raise StoreUnsafeError(
            f"{store.location} overwrites objects where it was asked not to (no If-None-Match on PutObject), so "
            "it cannot guard against paying twice; use a store that can, or a local folder",
            location=store.location,
        )
