"""What FLORA does with a repeated idempotency key, learnt from its answers and remembered in the store.

FLORA's pages promise two things that exclude each other: an error (`idempotency_duplicate`), or the first answer
again. Each observation is a numbered record::

    ledger/promises/<FLORA's host, API key, route>/0000.json

The newest observations count, for a week. What they are believed for is how many POSTs may go side by side, and
whether an in-doubt request may be repeated before history has been read; never how long to wait for it to settle.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from pydantic import ValidationError

from florist.ledger.entries import LedgerModel
from florist.stores.store import Store

READ_AGAIN_AFTER = 30.0
"""Seconds for which a process goes by what it has read."""
CLOCKS_MAY_DIFFER = timedelta(days=1)
"""FLORA's clock says when something was seen, the store's when that was written."""


class Promise(StrEnum):
    """What FLORA does with a repeated idempotency key."""

    UNKNOWN = "unknown"
    REPLAY = "replay"
    """It answers with the first run."""
    REFUSE = "refuse"
    """It says that the key was used (`idempotency_duplicate`, `idempotency_conflict`), not for which run."""
    NEITHER = "neither"
    """It makes a second, charged run."""

    @property
    def is_kept(self) -> bool:
        """Whether repeating a request makes no second run."""
        return self in (Promise.REPLAY, Promise.REFUSE)


class Observation(LedgerModel):
    """One repeated idempotency key, and what FLORA made of it.

    Attributes:
        is_same_body: the two bodies were equal, byte for byte.
        seen_at: by FLORA's clock.
        age_seconds: between the two requests.
    """

    schema_version: int = 1
    promise: Promise
    is_same_body: bool
    seen_at: datetime
    age_seconds: float
    technique_id: str = ""
    request_id: str | None = None


class Belief(LedgerModel):
    """What FLORA is believed to do with a repeated key, by whether the body is the same."""

    same_body: Promise = Promise.UNKNOWN
    other_body: Promise = Promise.UNKNOWN

    def about(self, *, is_same_body: bool) -> Promise:
        """Return the promise for a repetition with the same body, or with another one."""
        return self.same_body if is_same_body else self.other_body

    def after(self, seen: Observation) -> "Belief":
        """Return the belief after one more observation; `neither`, once seen, stays."""
        name = "same_body" if seen.is_same_body else "other_body"
        if Promise.NEITHER in (self.same_body, self.other_body):
            return self
        if seen.promise is Promise.NEITHER:
            return Belief(same_body=Promise.NEITHER, other_body=Promise.NEITHER)
        changes = {name: seen.promise}
        # Who repeats the answer to another body does so to the same one; who refuses the same, also another.
        if seen.promise is Promise.REPLAY and not seen.is_same_body:
            changes["same_body"] = Promise.REPLAY
        if seen.promise is Promise.REFUSE and seen.is_same_body:
            changes["other_body"] = Promise.REFUSE
        return self.model_copy(update=changes)


def believed(observations: Iterable[Observation], *, now: datetime, lasts: timedelta) -> Belief:
    """Return what is to be believed.

    Args:
        observations: oldest first.
    """
    belief = Belief()
    for seen in observations:
        if now - seen.seen_at <= lasts:
            belief = belief.after(seen)
    return belief


class Promises:
    """What was observed of one API key and route, in one store."""

    def __init__(
        self, store: Store, *, scope: str, lasts: timedelta, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Name whose promises these are.

        Args:
            scope: FLORA's address, the API key's fingerprint, the route.
            lasts: for how long an observation is believed.
        """
        self._store = store
        self._folder = f"ledger/promises/{quote(scope, safe='')}/"
        self._lasts = lasts
        self._monotonic = monotonic
        self._belief = Belief()
        self._read_at = float("-inf")
        self._records: dict[str, Observation | None] = {}
        self._learnt: Observation | None = None
        self._reading = asyncio.Lock()

    async def belief(self, *, now: datetime) -> Belief:
        """Return what FLORA is believed to do, read anew at most every half minute.

        Args:
            now: by FLORA's clock.
        """
        async with self._reading:
            if self._monotonic() - self._read_at > READ_AGAIN_AFTER:
                await self._read_new(now)
                self._belief = self._as_of(now, *filter(None, (self._learnt,)))
                self._read_at = self._monotonic()
        return self._belief

    async def learn(self, seen: Observation) -> None:
        """Take in an observation, and write it down if it tells anything new, or the old is half forgotten.

        Whoever wrote the old one: records are a few a week, however many processes repeat however many requests.
        """
        self._learnt = seen
        self._belief = self._belief.after(seen)
        await self._read_new(seen.seen_at)
        before = self._as_of(seen.seen_at)
        if before.after(seen) == before and self._is_noted(seen):
            return
        number = 1 + max(map(_number_of, self._records), default=-1)
        while not await self._store.create(f"{self._folder}{number:04d}.json", seen.model_dump_json().encode()):
            number += 1
        self._records[f"{self._folder}{number:04d}.json"] = seen

    def _is_noted(self, seen: Observation) -> bool:
        """Whether a record says the same, and will be believed for half of its time yet."""
        return any(
            noted is not None
            and (noted.promise, noted.is_same_body) == (seen.promise, seen.is_same_body)
            and seen.seen_at - noted.seen_at < self._lasts / 2
            for noted in self._records.values()
        )

    def _as_of(self, now: datetime, *unwritten: Observation) -> Belief:
        """Return what the records say, and what was seen here and may not have been taken by the store."""
        known = sorted(filter(None, (*self._records.values(), *unwritten)), key=lambda seen: seen.seen_at)
        return believed(known, now=now, lasts=self._lasts)

    async def _read_new(self, now: datetime) -> None:
        """Read the records that have come since: none ever changes, and those of long ago count no more."""
        async for item in self._store.list(self._folder):
            if item.key not in self._records:
                is_old = now - item.modified_at > self._lasts + CLOCKS_MAY_DIFFER
                self._records[item.key] = None if is_old else await self._read(item.key)

    async def _read(self, path: str) -> Observation | None:
        """Return an observation; None if it cannot be read: it is passed over, which costs time alone."""
        try:
            return Observation.model_validate_json(await self._store.read(path) or b"")
        except (ValidationError, ValueError, RecursionError):
            return None


def _number_of(path: str) -> int:
    name = path.rpartition("/")[2].partition(".")[0]
    return int(name) if name.isdecimal() else -1
