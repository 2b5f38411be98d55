"""Starts the run of a piece of work, unless it is paid for already.

::

    nothing known, refused before ──────────────► send ──► started
    sent by somebody, not yet settled ─► wait ──► look again
    sent, settled, no answer known ─────────────► resolve (see `resolution`) ──► started, sent again, or review
    started, finished, archived ────────────────► that run
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

from florist.api.models import InputValue, Run
from florist.frozen import FrozenModel
from florist.ledger.effects import Effects, Inputs
from florist.ledger.entries import Entry, RunFacts, State
from florist.ledger.flora import Flora
from florist.ledger.ledger import Ledger
from florist.ledger.recovery import Recovery
from florist.ledger.sending import Sender
from florist.ledger.start_calls import Recorder, StartCall
from florist.ledger.technique_locks import technique_lock
from florist.ledger.timing import Timing
from florist.ledger.work import Work


class How(StrEnum):
    """How a run was come by."""

    NEW = "new"
    """Started, and paid for, now."""
    ADOPTED = "adopted"
    """Paid for before; its answer was lost, and it was found."""
    RESUMED = "resumed"
    """Paid for before; started, and not archived yet."""
    REUSED = "reused"
    """Paid for before, and archived."""


class Started(FrozenModel):
    """The one run of a piece of work.

    Attributes:
        reason: for people: why this run.
        entry: what the ledger knows; `entry.ended` if it is known how the run ended, `entry.manifest_key` if it
            is archived.
    """

    run_id: str
    how: How
    reason: str
    entry: Entry


class Spender:
    """Starts runs through the ledger, each piece of work once, whoever asks and however often.

    Safe for many of them at once: in one process, on many machines.
    """

    def __init__(
        self,
        ledger: Ledger,
        flora: Flora,
        *,
        timing: Timing | None = None,
        is_serial: bool = True,
        owner: str | None = None,
        nonce: Callable[[], str] = lambda: uuid4().hex,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        checkpoint: Callable[[str], None] = lambda point: None,
    ) -> None:
        """Put together what spending needs. Nothing is asked of store or FLORA yet.

        Args:
            is_serial: one POST at a time per technique and workspace in this process. Lift it only where FLORA is
                known to answer a repeated idempotency key with the first run, also where the body differs by a URL
                signed anew: then a crash among many open POSTs still resolves by itself.
            owner: names this process in the records, for people.
            checkpoint: called with each of `effects.POINTS` as it is passed; for tests that kill there.
        """
        self._ledger = ledger
        self._flora = flora
        self._timing = timing or Timing()
        self._is_serial = is_serial
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}"
        self._nonce = nonce
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._is_checked = False
        self._effects = Effects(ledger, flora, sleep=sleep, checkpoint=checkpoint)
        self._recorder = Recorder(self._effects, now=now)
        sender = Sender(
            self._effects,
            self._recorder,
            flora,
            timing=self._timing,
            now=now,
            monotonic=monotonic,
        )
        self._resolver = Recovery(
            self._effects, self._recorder, sender, flora, timing=self._timing, monotonic=monotonic, sleep=sleep
        )
        self._sender = sender

    async def check(self) -> None:
        """Make sure, once, that the store can guard money; `start` does so too.

        Raises:
            StoreUnsafeError: it overwrites where it was asked not to. Nothing may be paid for by it.
        """
        if not self._is_checked:
            await self._effects.check()
            self._is_checked = True

    async def start(
        self,
        work: Work,
        inputs: Sequence[InputValue] | Inputs,
        *,
        callback_url: Callable[[str], str] | None = None,
        price_usd: Decimal | None = None,
    ) -> Started:
        """Return the run of this work: the one that is paid for, or else a new one.

        Repeating it is free, after any error and any crash. It may take minutes, if somebody died in the middle.

        Args:
            inputs: what is sent, or what makes that: it is called only where something is sent, and files are
                uploaded and URLs signed then. It may differ from call to call, as long as it means `work`.
            callback_url: makes the URL of a webhook out of a token; what comes there goes to
                `Ledger.note_callback`.
            price_usd: what the run is said to cost, for reports.

        Raises:
            InsufficientCreditsError: refused; stop the batch, and resume after a top-up.
            APIStatusError: refused. Mend it and call again.
            NeedsReviewError: a person has to decide; other work may go on.
            UnresolvedError: not known yet; call again later.
            RunUnrecordedError: started and paid for, but the store did not take the record; call again later.
            StoreError: the store failed before anything was sent.
        """
        await self.check()
        key = work.key
        entry = await self._effects.entry(key, work.technique_id)
        order = StartCall(
            work=work,
            key=key,
            make_inputs=inputs if callable(inputs) else _returning(inputs),
            callback_url=callback_url,
            price_usd=price_usd,
            owner=f"{self._owner}:{self._nonce()}",
            turn=technique_lock(self._ledger.store.location, self._flora.workspace, work.technique_id),
            sends_left=self._timing.sends_at_most,
        )
        if entry is None:
            entry = await self._recorder.intended(order)
        while not entry.has_run:
            entry = await self._advance(order, entry)
        return _started(entry, is_ours=entry.owner == order.owner)

    async def finished(self, entry: Entry, run: Run) -> Entry:
        """Record how a run ended. Safe to repeat.

        For a run that failed or brought nothing, or whose archiving is put off: where it is archived right away,
        `archived` says all of it in one record.
        """
        return await self._closed(entry, State.FINISHED, ended=RunFacts.of(run))

    async def archived(self, entry: Entry, run: Run, manifest_key: str) -> Entry:
        """Record that a run's outputs are kept, and how it ended. Safe to repeat."""
        return await self._closed(entry, State.ARCHIVED, ended=RunFacts.of(run), manifest_key=manifest_key)

    async def _advance(self, order: StartCall, entry: Entry) -> Entry:
        """Take an entry one stretch further, and return it as it stands then."""
        if entry.is_unresolved:
            newer = await self._resolver.settled(order, entry)
            if newer.number != entry.number:
                return newer
        else:
            await self._sender.made_inputs(order)  # before it is our turn: an upload takes its time
        async with self._turn(order, entry) as may_send:
            if may_send:
                entry = await self._worked_through(order, entry)
        if not entry.has_run:
            await self._sleep(max(order.pause, self._timing.poll))
            order.pause = 0.0
        return entry

    async def _worked_through(self, order: StartCall, entry: Entry) -> Entry:
        """Go on with an entry until its run is known, somebody else goes on with it, or only waiting helps."""
        while not entry.has_run:
            if entry.is_unresolved:
                newer = await self._resolver.settled(order, entry)
                if newer.number == entry.number:
                    newer = await self._resolver.resolved(order, entry)
            else:
                newer = await self._sender.send(order, entry, kept=())
            if newer.owner != order.owner or newer.number == entry.number or order.pause:
                return newer
            entry = newer
        return entry

    @asynccontextmanager
    async def _turn(self, order: StartCall, entry: Entry) -> AsyncIterator[bool]:
        """Hold the technique's turn; yield whether this entry may use it.

        One that was never sent may not while another process's request of the technique is open, or has died
        recently: two unknown requests of one moment could not be told apart.
        """
        if not self._is_serial:
            yield True
            return
        turn = order.turn
        async with turn.lock:
            if not turn.is_clear and not entry.is_unresolved and self._monotonic() >= turn.look_again_at:
                turn.is_clear = await self._is_way_clear(entry)
                turn.look_again_at = self._monotonic() + self._timing.poll
            yield turn.is_clear or entry.is_unresolved

    async def _is_way_clear(self, entry: Entry) -> bool:
        now = await self._effects.ask_time(anew=False)
        slack = timedelta(seconds=2 * self._timing.skew)
        neighbours = await self._effects.neighbours(entry)
        return not any(other.is_unresolved and now < other.settles_at + slack for other in neighbours)

    async def _closed(self, entry: Entry, state: State, **changes: Any) -> Entry:
        """Move a started entry on to `state`, unless it has got that far already, or was restarted by hand."""
        run_id = entry.run_id
        owner = f"{self._owner}:{self._nonce()}"
        while entry.run_id == run_id and entry.state not in {state, State.ARCHIVED}:
            following = entry.next(state, owner=owner, now=self._now(), note=entry.note, **changes)
            if await self._effects.append(state, following):
                return following
            entry = await self._effects.entry(entry.key, entry.work.technique_id) or entry
        return entry


def _returning(inputs: Sequence[InputValue]) -> Inputs:
    async def make() -> Sequence[InputValue]:
        return inputs

    return make


def _started(entry: Entry, *, is_ours: bool) -> Started:
    how, reason = _how(entry, is_ours=is_ours)
    return Started(run_id=entry.run_id or "", how=how, reason=reason, entry=entry)


def _how(entry: Entry, *, is_ours: bool) -> tuple[How, str]:
    run = f"run {entry.run_id}"
    if is_ours and entry.started_by == "new":
        return How.NEW, f"{run} was started now; the ledger knew of none for this work"
    if is_ours:
        return How.ADOPTED, entry.note
    if entry.state is State.ARCHIVED:
        return How.REUSED, f"{run} was paid for and archived before, as {entry.manifest_key}"
    if entry.ended is not None and entry.ended.is_failed:
        return How.RESUMED, f"{run} was started before and has failed ({entry.ended.error_code})"
    if entry.state is State.FINISHED:
        return How.RESUMED, f"{run} was paid for and completed before, and is still to be archived"
    return How.RESUMED, f"{run} was started before, by {entry.owner}, and is waited for"
