"""Every await on the store or on FLORA that spending makes, each with a named point before and after it.

A test may kill the process at any point. The store's passing troubles are outlived here and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from typing import TypeVar

from florist.api.models import InputValue, Run
from florist.ledger.entries import Entry
from florist.ledger.flora import Flora
from florist.ledger.ledger import Ledger
from florist.stores.errors import StoreUnavailableError

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]
Inputs = Callable[[], Awaitable[Sequence[InputValue]]]

STORE_TRIES = 5
STORE_TRIES_WITH_A_RUN = 12
"""A run that FLORA has started is worth more patience: the record of it is all that is missing."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0

CALLS = (
    "check",
    "read entry",
    "record intended",
    "make inputs",
    "record sent",
    "post",
    "record refused",
    "record proof",
    "claim",
    "record started",
    "read callback",
    "ask time",
    "read history",
    "read neighbours",
    "read claim",
    "record review",
    "record finished",
    "record archived",
)
POINTS = tuple(f"{moment} {call}" for call in CALLS for moment in ("before", "after"))
"""The names the checkpoint is called with."""


class Effects:
    """The calls that spending consists of."""

    def __init__(self, ledger: Ledger, flora: Flora, *, sleep: Sleep, checkpoint: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._flora = flora
        self._sleep = sleep
        self._checkpoint = checkpoint

    async def check(self) -> None:
        """Make sure that the store never overwrites."""
        await self._step("check", self._ledger.check)

    async def entry(self, key: str, technique_id: str) -> Entry | None:
        """Return an entry as of its newest record."""
        return await self._step("read entry", lambda: self._ledger.entry(key, technique_id))

    async def append(self, name: str, entry: Entry, *, tries: int = STORE_TRIES) -> bool:
        """Write a record; False if somebody else wrote one of that number first."""
        return await self._step(f"record {name}", lambda: self._ledger.append(entry), tries=tries)

    async def inputs(self, make: Inputs) -> Sequence[InputValue]:
        """Return the inputs as FLORA takes them: files uploaded, URLs signed."""
        return await self._step("make inputs", make)

    async def claim(self, run_id: str, key: str) -> str:
        """Claim a run for an entry; return the key of the entry that has it."""
        return await self._step("claim", lambda: self._ledger.claim(run_id, key), tries=STORE_TRIES_WITH_A_RUN)

    async def claims(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Return which of the runs are claimed, and by which entry."""
        found = {}
        for run_id in run_ids:
            claimant = await self._step("read claim", partial(self._ledger.claimant, run_id))
            if claimant is not None:
                found[run_id] = claimant
        return found

    async def callback(self, token: str) -> str | None:
        """Return the run a webhook named for a request."""
        return await self._step("read callback", lambda: self._ledger.callback(token))

    async def neighbours(self, entry: Entry) -> tuple[Entry, ...]:
        """Return the entries of the technique that may have been open together with this one."""
        return await self._step("read neighbours", lambda: self._ledger.neighbours(entry))

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
    ) -> Run:
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
            tries=1,
        )

    async def _step(self, name: str, call: Callable[[], Awaitable[T]], *, tries: int = STORE_TRIES) -> T:
        """Await a call between its two points.

        It is repeated only while the store is out of reach, which every write survives: the very same record
        written twice is one record.
        """
        for attempt in count(1):
            self._checkpoint(f"before {name}")
            try:
                result = await call()
            except StoreUnavailableError:
                if attempt >= tries:
                    raise
            else:
                self._checkpoint(f"after {name}")
                return result
            await self._sleep(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1)))
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
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it has been recorded, or is unresolved; here the cancellation goes first
        raise
