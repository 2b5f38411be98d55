"""Checkpoints: how far a sweep of history has come, so that the next one goes on from there.

::

    sweeps/<whose history>/<which>/000007.json      the newest number counts; older ones are deleted

A checkpoint is a statement that holds by itself, whoever wrote it: two sweeps at once do no harm. One that is lost
or unreadable costs time alone: history is then gone through from its beginning.
"""

import logging
from typing import Literal

from pydantic import AwareDatetime

from florist.archive.keys import segment
from florist.archive.records import parsed_record
from florist.frozen import FrozenModel
from florist.stores.errors import IntegrityError
from florist.stores.store import Store

logger = logging.getLogger(__name__)


class OpenPass(FrozenModel):
    """A pass that has not reached its end: every run between its two moments is dealt with.

    Attributes:
        cursor: of the page that `oldest_at` was seen on, to be read once more: where it still shows a run as new
            as that, nothing can have slipped between the two readings.
        unfinished_at: when the oldest of the runs in between was created that was not finished yet.
    """

    newest_at: AwareDatetime
    oldest_at: AwareDatetime
    cursor: str
    unfinished_at: AwareDatetime | None = None


class Checkpoint(FrozenModel):
    """How much of a history is dealt with: its completed runs are kept, or known to be lost.

    Attributes:
        covered_to: every run created before this moment is; None before the first pass has ended.
    """

    schema_version: Literal[1] = 1
    covered_to: AwareDatetime | None = None
    open: OpenPass | None = None


class Checkpoints:
    """The checkpoints of one history, in one store."""

    def __init__(self, store: Store, *, owner: str, history: str) -> None:
        """Name the history.

        Args:
            owner: whose runs it shows: FLORA's host and the fingerprint of the API key.
        """
        self._store = store
        self._folder = f"sweeps/{segment(owner, otherwise='owner')}/{segment(history, otherwise='history')}/"

    async def newest(self) -> Checkpoint:
        """Return the newest checkpoint; an empty one if there is none."""
        for key in reversed(await self._keys()):
            content = await self._store.read(key)
            if content is None:  # deleted since it was listed, by a sweep that is further
                continue
            try:
                return parsed_record(Checkpoint, content, key)
            except IntegrityError:
                logger.warning("%s is no checkpoint any more; history is gone through from its beginning", key)
                break
        return Checkpoint()

    async def put(self, checkpoint: Checkpoint) -> None:
        """Write the newest checkpoint, then delete those before it."""
        earlier = await self._keys()
        number = 1 + (_number(earlier[-1]) if earlier else 0)
        while not await self._store.create(self._key(number), checkpoint.model_dump_json().encode()):
            number += 1
        for key in earlier:
            if key != self._key(number):
                await self._store.delete(key)

    async def _keys(self) -> list[str]:
        return sorted([item.key async for item in self._store.list(self._folder)], key=_number)

    def _key(self, number: int) -> str:
        return f"{self._folder}{number:06d}.json"


def _number(key: str) -> int:
    name = key.rpartition("/")[2].partition(".")[0]
    return int(name) if name.isdecimal() else 0
