"""Every await on the store or on FLORA that spending makes, each with a named point before and after it.

A test may kill the process at any point. The store's passing troubles are outlived here and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar
from uuid import uuid4

import anyio

from florist.api.models import InputValue, Run
from florist.ledger.balance import EmptyBalances
from florist.ledger.bodies import Body, Inputs
from florist.ledger.entries import Entry
from florist.ledger.errors import UnreadableRecordError
from florist.ledger.flora import Flora, StartAnswer
from florist.ledger.journal import Journal, JournalPage, OpenRequest, OpenRequests
from florist.ledger.ledger import Ledger
from florist.ledger.promises import Belief, Observation, Promises
from florist.ledger.reading import side_by_side
from florist.ledger.timing import Timing
from florist.stores.errors import StoreError, StoreUnavailableError

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]

STORE_PATIENCE = 300.0
"""Seconds for which a store out of reach is tried again: what costs nothing may as well wait."""
STORE_PATIENCE_WITH_A_RUN = 900.0
"""A run that FLORA has started is worth more: the record of it is all that is missing."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0

CALLS = (
    "check",
    "note scope",
    "read entry",
    "make inputs",
    "read belief",
    "look around",
    "look for webhooks",
    "open journal",
    "record sent",
    "post",
    "record refused",
    "record proof",
    "learn",
    "note empty balance",
    "claim",
    "record started",
    "close journal",
    "read record times",
    "read callback",
    "ask time",
    "read history",
    "read balance",
    "read claim",
    "record review",
    "record finished",
    "record archived",
)
POINTS = tuple(f"{moment} {call}" for call in CALLS for moment in ("before", "after"))
"""The names the checkpoint is called with."""


class Effects:
    """The calls that spending consists of."""

    def __init__(
        self,
        ledger: Ledger,
        flora: Flora,
        *,
        timing: Timing,
        monotonic: Callable[[], float],
        sleep: Sleep,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._flora = flora
        self._journal = Journal(ledger.store)
        self._balances = EmptyBalances(ledger.store, scope=flora.promise_scope)
        self._promises = Promises(
            ledger.store,
            scope=flora.promise_scope,
            lasts=timedelta(seconds=timing.belief),
            monotonic=monotonic,
        )
        self._sleep = sleep
        self._checkpoint = checkpoint

    async def check(self) -> None:
        """Make sure that the store never overwrites."""
        await self._step("check", self._ledger.check)

    async def entry(self, key: str, technique_id: str) -> Entry | None:
        """Return an entry as of its newest record."""
        return await self._step("read entry", lambda: self._ledger.entry(key, technique_id))

    async def entry_from(self, key: str, technique_id: str, number: int) -> Entry | None:
        """Return an entry as of its newest record, from a number on that is known to exist."""
        return await self._step("read entry", lambda: self._ledger.entry_from(key, technique_id, number))

    async def entries(self, keys: Sequence[str], technique_id: str) -> dict[str, Entry | None]:
        """Return those of the entries that there are, by key; None for one that cannot be read."""

        async def read(key: str) -> tuple[bool, Entry | None]:
            try:
                entry = await self.entry(key, technique_id)
            except UnreadableRecordError:
                return True, None
            return entry is not None, entry

        found = zip(keys, await side_by_side(read, keys), strict=True)
        return {key: entry for key, (is_there, entry) in found if is_there}

    async def append(self, name: str, entry: Entry, *, patience: float = STORE_PATIENCE) -> bool:
        """Write a record; False if somebody else wrote one of that number first."""
        return await self._step(f"record {name}", lambda: self._ledger.append(entry), patience=patience)

    async def body(self, make: Inputs, *, signed_at: datetime | None) -> Body:
        """Return the inputs as FLORA takes them: files uploaded, URLs signed as of a moment, if one is named."""
        body = await self._step("make inputs", lambda: make(signed_at))
        return replace(body, signed_at=signed_at)

    async def claim(self, run_id: str, key: str) -> str:
        """Claim a run for an entry; return the key of the entry that has it."""
        return await self._step(
            "claim", lambda: self._ledger.claim(run_id, key), patience=STORE_PATIENCE_WITH_A_RUN
        )

    async def claims(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Return which of the runs are claimed, and by which entry."""

        async def read(run_id: str) -> str | None:
            return await self._step("read claim", lambda: self._ledger.claimant(run_id))

        found = zip(run_ids, await side_by_side(read, run_ids), strict=True)
        return {run_id: claimant for run_id, claimant in found if claimant is not None}

    def is_known_claimed(self, run_id: str) -> bool:
        """Whether it is known, without asking, that a run belongs to an entry."""
        return self._ledger.is_known_claimed(run_id)

    async def callback(self, token: str) -> str | None:
        """Return the run a webhook named for a request."""
        return await self._step("read callback", lambda: self._ledger.callback(token))

    async def is_new_scope(self, name: str) -> bool:
        """Return whether nobody has begun work of this campaign, or flow run, before."""
        return await self._step("note scope", lambda: self._ledger.is_new_scope(name))

    async def recorded_at(self, entry: Entry) -> dict[int, datetime]:
        """Return when each record of an entry was written, by the store's clock."""
        return await self._step("read record times", lambda: self._ledger.recorded_at(entry))

    async def open_journal(self, technique_id: str, requests: Sequence[OpenRequest], *, owner: str) -> str:
        """Write down which requests are about to be made; return the path of the page."""
        page = JournalPage(opened_at=self._flora.server_now(), owner=owner, requests=tuple(requests))
        nonce = uuid4().hex
        return await self._step("open journal", lambda: self._journal.write(technique_id, page, nonce=nonce))

    async def close_journal(self, paths: Sequence[str]) -> None:
        """Delete pages of which nothing is open any more. Failing to costs their readers time alone."""
        with suppress(StoreError):
            await self._step("close journal", lambda: self._journal.delete(paths), patience=0.0)

    async def open_requests(
        self, technique_id: str, since: datetime, until: datetime, *, but_of: str | None = None
    ) -> OpenRequests:
        """Return what was announced between two moments and may be open."""
        return await self._step(
            "look around",
            lambda: self._journal.open_between(technique_id, since, until, but_of=but_of),
        )

    async def belief(self) -> Belief:
        """Return what FLORA is believed to do with a repeated idempotency key."""
        return await self._step("read belief", lambda: self._promises.belief(now=self._flora.server_now()))

    async def hears_webhooks(self) -> bool:
        """Return whether a webhook has ever come for a request of this ledger."""
        return await self._step("look for webhooks", self._ledger.hears_webhooks)

    async def learn(self, seen: Observation) -> None:
        """Remember what FLORA did with one. Failing to costs time alone."""
        with suppress(StoreError):
            await self._step("learn", lambda: self._promises.learn(seen), patience=0.0)

    async def note_empty_balance(self, at: datetime) -> None:
        """Remember that the balance was empty."""
        with suppress(StoreError):
            await self._step("note empty balance", lambda: self._balances.note(at), patience=0.0)

    async def was_balance_empty(self, since: datetime, until: datetime) -> bool:
        """Return whether the balance was found empty between two moments."""
        return await self._step("read balance", lambda: self._balances.was_empty(since, until))

    async def ask_time(self, *, anew: bool) -> datetime:
        """Return FLORA's time."""
        return await self._step("ask time", lambda: self._flora.ask_time(anew=anew))

    async def runs(self, technique_id: str, *, since: datetime) -> tuple[Run, ...]:
        """Return the technique's runs created since then, each once, though pages may shift while being read."""

        async def read() -> tuple[Run, ...]:
            runs = {run.run_id: run async for run in self._flora.history(technique_id, since=since)}
            return tuple(runs.values())

        return await self._step("read history", read)

    async def post(
        self,
        technique_id: str,
        inputs: Sequence[InputValue],
        *,
        idempotency_key: str,
        callback_url: str | None,
        before_send: Callable[[], Awaitable[None]],
    ) -> StartAnswer:
        """Start a run, once."""
        return await self._step(
            "post",
            lambda: self._flora.post(
                technique_id,
                inputs,
                idempotency_key=idempotency_key,
                callback_url=callback_url,
                before_send=before_send,
            ),
            patience=0.0,
        )

    async def _step(self, name: str, call: Callable[[], Awaitable[T]], *, patience: float = STORE_PATIENCE) -> T:
        """Await a call between its two points.

        It is repeated only while the store is out of reach, which every write survives: the very same record
        written twice is one record.

        Args:
            patience: seconds for which it is repeated.
        """
        waited = 0.0
        for attempt in count():
            self._checkpoint(f"before {name}")
            try:
                result = await call()
            except StoreUnavailableError:
                if waited >= patience:
                    raise
            else:
                self._checkpoint(f"after {name}")
                return result
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
            waited += pause
            await self._sleep(pause)
        raise AssertionError("count() does not end")


async def carried_through(call: Awaitable[T], *, must: Callable[[], bool]) -> T:
    """Await a call; when cancelled, see it through to its end first if it must be.

    Args:
        must: asked when cancelled: whether the bytes of a POST may have left, so that its answer is worth
            waiting for. Otherwise the call is cancelled too, and nothing new is started.
    """
    task = asyncio.ensure_future(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not must():
            task.cancel()
        # Prefect cancels by anyio's scopes, which cancel every await anew until one is shielded from them.
        with anyio.CancelScope(shield=True):
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it has been recorded, or is unresolved; here the cancellation goes first
        raise
