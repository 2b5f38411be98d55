"""Probes a store for atomic create-if-absent and a complete listing, before anything is paid for.

Several writers race for one key, in several rounds, over connections that are open already. A store that only
looks whether a key is free and then writes lets two of them win now and then: one round finds that out with some
luck, all of them with near certainty (docs/archive.md has the figures).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from uuid import uuid4

from florist.stores.errors import StoreError, StoreUnsafeError
from florist.stores.store import Store

FOLDER = "checks/"
"""Where probes write, and where an S3 store keeps what they found."""

ROUNDS = 5
RACERS = 4

logger = logging.getLogger(__name__)


async def probe(store: Store) -> None:
    """Race, look at the listing, and remove the probe's objects where that is allowed.

    Raises:
        StoreUnsafeError: two writers of one key were both told that theirs stands, or a new object is not listed.
        StoreError: nothing could be written, or what was written could not be read.
    """
    keys = probe_keys()
    try:
        await race(store, keys)
    finally:
        await removed(store, keys)


def probe_keys() -> tuple[str, ...]:
    """Return keys that nobody else has, one for each round."""
    name = f"{FOLDER}probe-{uuid4().hex}"
    return tuple(f"{name}-{number}.json" for number in range(ROUNDS))


async def race(store: Store, keys: Sequence[str]) -> bool:
    """Let writers race for each key, one after the other; then list them.

    Returns:
        Whether the listing came in the order of the keys. Nothing may depend on it.

    Raises:
        StoreUnsafeError, StoreError: as `probe` does.
    """
    # Opens the connections: writers that first had to open theirs would come one after the other.
    await asyncio.gather(*(store.head(keys[0]) for _ in range(RACERS)))
    for key in keys:
        await _one_round(store, key)
    prefix = keys[0].rpartition("-")[0]
    listed = [item.key async for item in store.list(prefix)]
    if sorted(listed) != sorted(keys):
        raise StoreUnsafeError(
            f"{store.location} does not list each new object at once and once ({len(listed)} of {len(keys)}), so "
            "what was paid for could be overlooked; use a store that does, or a local folder",
            location=store.location,
        )
    return listed == sorted(keys)


async def removed(store: Store, keys: Iterable[str]) -> bool:
    """Remove the probe's objects; False where they stay, as in an archive that denies deleting."""
    try:
        for key in keys:
            await store.delete(key)
    except StoreError as error:
        logger.info("the objects of a probe stay: %s", error)
        return False
    return True


async def _one_round(store: Store, key: str) -> None:
    writings = [f'{{"writer": {number}}}'.encode() for number in range(RACERS)]
    won = await asyncio.gather(*(store.create(key, data) for data in writings))
    kept = await store.read(key)
    if kept is None:
        raise StoreError(f"{store.location} took an object and has not kept it", location=store.location)
    if [data for data, is_winner in zip(writings, won, strict=True) if is_winner] != [kept]:
        raise StoreUnsafeError(
            f"{store.location} overwrites objects where it was asked not to (If-None-Match on PutObject is not "
            "atomic), so it cannot guard against paying twice; use a store that can, or a local folder",
            location=store.location,
        )
