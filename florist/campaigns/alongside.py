"""A cost alarm: says when another run of the same campaign is at work, by heartbeats in the archive's store.

::

    ledger/at-work/<digest of the campaign>/<owner>/<walk>-<beat>.json      the newest beat of a walk at work

It guards nothing: the ledger shares the work, so that nothing is paid twice. It only says why another run's work
turns up in this one. A beat's age is told by the store's clock alone.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

from florist.stores.errors import StoreDeniedError, StoreError
from florist.stores.store import Store, StoredObject

BEAT_EVERY = 30.0
"""Seconds."""
MISSED_BEATS = 3
"""After so many a walk is taken for dead."""
LITTER_AFTER = timedelta(days=1)
"""What killed walks have left is cleared away by those that follow."""

logger = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def heard_alongside(
    store: Store, campaign: str, owner: str, say: Callable[[str], None], *, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[None]:
    """Be heard, and say once of each other run of the campaign that it is at work, for as long as the block lasts.

    Args:
        owner: whose walk it is, such as a flow run's id; walks of the same owner do not tell of each other.
        say: takes a line for people.
    """
    heart = _Heart(store, campaign, owner, say)
    beating = asyncio.create_task(heart.beat_for_ever(sleep), name="campaign heartbeat")
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})
        with suppress(StoreError):
            await heart.stop()


class _Heart:
    """One walk's heartbeat."""

    def __init__(self, store: Store, campaign: str, owner: str, say: Callable[[str], None]) -> None:
        self._store = store
        self._campaign = campaign
        self._say = say
        digest = hashlib.sha256(campaign.encode(errors="surrogatepass")).hexdigest()[:32]
        self._folder = f"ledger/at-work/{digest}/"
        self._owner = owner
        self._name = uuid4().hex
        self._newest = ""
        self._told: set[str] = set()

    async def beat_for_ever(self, sleep: Sleep) -> None:
        """Beat, and listen, again and again. A store in trouble is somebody else's to tell of."""
        for number in count():
            try:
                await self._beat(number)
                await self._listen()
            except StoreDeniedError:  # no right to delete: beats would pile up
                return
            except StoreError as error:
                logger.debug("heartbeat of campaign %s: %s", self._campaign, error)
            await sleep(BEAT_EVERY)

    async def stop(self) -> None:
        """Listen once more, then fall silent."""
        if self._newest:
            await self._listen()
            await self._store.delete(self._newest)

    async def _beat(self, number: int) -> None:
        before, beat = self._newest, f"{self._folder}{self._owner}/{self._name}-{number:06}.json"
        if await self._store.create(beat, b"{}"):
            self._newest = beat
        if before:
            await self._store.delete(before)

    async def _listen(self) -> None:
        beats = [found async for found in self._store.list(self._folder)]
        now = max((beat.modified_at for beat in beats if beat.key == self._newest), default=None)
        if now is None:
            return
        for beat in beats:
            if now - beat.modified_at > LITTER_AFTER:
                await self._store.delete(beat.key)
                continue
            other = beat.key.split("/")[-2]
            if other not in self._told | {self._owner} and _is_alive(beat, now):
                self._told.add(other)
                self._say(
                    f"another run of campaign {self._campaign} is at work: this one shares its work; "
                    "nothing is paid twice"
                )


def _is_alive(beat: StoredObject, now: datetime) -> bool:
    return now - beat.modified_at < timedelta(seconds=BEAT_EVERY * MISSED_BEATS)
