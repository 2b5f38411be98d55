"""Starts the run of a piece of work, unless it is paid for already.

::

    nothing known, refused before ──────────────► send ──► started
    sent by somebody, in doubt ─────────────────► recover (see `recovery_rules`) ──► started, sent again, or review
    started, finished, archived ────────────────► that run
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

import anyio

from florist.api.models import InputValue, Run
from florist.frozen import FrozenModel
from florist.ledger.admission import Admission
from florist.ledger.bodies import SIGNED_BEFORE, Body, Inputs
from florist.ledger.effects import Effects
from florist.ledger.entries import Entry, RunFacts, State
from florist.ledger.flora import Flora
from florist.ledger.journal import OpenRequest
from florist.ledger.ledger import Ledger
from florist.ledger.permits import Permit
from florist.ledger.post_gate import Announcer, Page, post_gate
from florist.ledger.promises import Promise
from florist.ledger.recovery import Recovery
from florist.ledger.sending import Post, Sender
from florist.ledger.shared_calls import SharedCalls
from florist.ledger.start_calls import GoOn, OnWait, Recorder, Settled, StartCall, Step, TakenOver
from florist.ledger.timing import Timing
from florist.ledger.work import Work

THIS_PROCESS = uuid4().hex
CLOSED_TOGETHER = 48
"""Requests whose pages of the journal are deleted by one call: a newcomer looks at no more in vain."""


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
        side_by_side: int = 8,
        owner: str | None = None,
        nonce: Callable[[], str] = lambda: uuid4().hex,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        checkpoint: Callable[[str], None] = lambda point: None,
    ) -> None:
        """Put together what spending needs. Nothing is asked of store or FLORA yet.

        Args:
            side_by_side: POSTs of one technique and workspace that this process has under way at once, where FLORA
                is known to replay, or a webhook names each run. Elsewhere it is one.
            owner: names this process in the records, for people.
            checkpoint: called with each of `effects.POINTS` as it is passed; for tests that kill there.
        """
        self._ledger = ledger
        self._flora = flora
        self._timing = timing or Timing()
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}"
        # A container that is restarted has the host name and the process id of the one that died.
        self._page_owner = f"{self._owner}:{THIS_PROCESS}"
        self._nonce = nonce
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._is_checked = False
        self._touched: set[str] = set()
        self._calls = SharedCalls[Started]()
        self._permits: dict[str, Permit] = {}
        self._closed_pages: list[Page] = []
        self._effects = Effects(
            ledger, flora, timing=self._timing, monotonic=monotonic, sleep=sleep, checkpoint=checkpoint
        )
        self._recorder = Recorder(self._effects, now=now)
        self._sender = Sender(
            self._effects, self._recorder, flora, timing=self._timing, now=now, monotonic=monotonic
        )
        self._recovery = Recovery(
            self._effects, self._recorder, flora, timing=self._timing, monotonic=monotonic, sleep=sleep
        )
        self._admission = Admission(
            self._effects,
            self._recovery,
            flora,
            timing=self._timing,
            side_by_side=side_by_side,
            owner=self._page_owner,
            monotonic=monotonic,
            sleep=sleep,
        )

    async def check(self) -> None:
        """Make sure, once, that the store can guard money; `start` does so too.

        Raises:
            StoreUnsafeError: it overwrites where it was asked not to. Nothing may be paid for by it.
        """
        if not self._is_checked:
            await self._effects.check()
            self._is_checked = True

    async def aclose(self) -> None:
        """Wait for the POSTs under way, whose answers are still to be recorded. Nothing new is begun."""
        with anyio.CancelScope(shield=True):
            await self._calls.ended()
            await self._delete_closed_pages()

    async def start(
        self,
        work: Work,
        inputs: Sequence[InputValue] | Inputs,
        *,
        callback_url: Callable[[str], str] | None = None,
        price_usd: Decimal | None = None,
        permit: Permit | None = None,
        on_wait: OnWait = lambda reason, seconds: None,
    ) -> Started:
        """Return the run of this work: the one that is paid for, or else a new one.

        Repeating it is free, after any error and any crash. It may take minutes, if somebody died in the middle.
        Who asks for the same work at the same time, in this process, joins the call that is under way.

        Args:
            inputs: what is sent, or what makes that: it is called only where something is sent, and files are
                uploaded and URLs signed then, as of the moment it is given, if it is. It may differ from call to
                call, as long as it means `work`.
            callback_url: makes the URL of a webhook out of a token; what comes there goes to
                `Ledger.note_callback`.
            price_usd: what the run is said to cost, for reports.
            permit: a budget's leave to spend; without one there is no budget.
            on_wait: told what this call waits for, and for how many seconds at the most.

        Raises:
            InsufficientCreditsError: refused; stop the batch, and resume after a top-up.
            APIStatusError: refused. Mend it and call again.
            NeedsReviewError: a person has to decide; other work may go on.
            UnresolvedError: not known yet; call again later.
            BudgetRefusedError: the budget does not cover it; nothing was sent.
            RunUnrecordedError: started and paid for, but the store did not take the record; call again later.
            StoreError: the store failed, for minutes, before anything was sent.
        """
        await self.check()
        call = StartCall(
            work=work,
            key=work.key,
            make_inputs=inputs if callable(inputs) else _returning(inputs),
            callback_url=callback_url,
            price_usd=price_usd,
            owner=f"{self._owner}:{self._nonce()}",
            gate=post_gate(self._ledger.store.location, self._flora.workspace, work.technique_id),
            announcer=self._announcer(work.technique_id),
            sends_left=self._timing.sends_at_most,
            permit=permit,
            on_wait=on_wait,
        )
        started = await self._calls.joined(call.key, lambda: self._run(call))
        if permit is not None:
            self._permits[call.key] = permit
            await permit.noted(started.entry)
        return started

    async def finished(self, entry: Entry, run: Run) -> Entry:
        """Record how a run ended. Safe to repeat.

        For a run that failed or brought nothing, or whose archiving is put off: where it is archived right away,
        `archived` says all of it in one record.
        """
        return await self._closed(entry, State.FINISHED, ended=RunFacts.of(run))

    async def archived(self, entry: Entry, run: Run, manifest_key: str) -> Entry:
        """Record that a run's outputs are kept, and how it ended. Safe to repeat."""
        return await self._closed(entry, State.ARCHIVED, ended=RunFacts.of(run), manifest_key=manifest_key)

    async def _run(self, call: StartCall) -> Started:
        entry = await self._known(call)
        while entry is None or not entry.has_run:
            step = await self._step(call, entry)
            match step:
                case Settled(settled):
                    entry = settled
                case TakenOver(theirs):
                    entry = theirs
                    if not entry.has_run:
                        await self._sleep(self._timing.poll)
                case GoOn(ours, pause, reason):
                    entry = ours
                    if pause:
                        call.on_wait(reason, pause)
                        await self._sleep(pause)
        await self._close_journal(call)
        return _started(entry, is_ours=entry.owner == call.owner)

    async def _known(self, call: StartCall) -> Entry | None:
        """Return the entry as it stands; it is not read where nobody has worked on the campaign before."""
        scope = call.work.campaign or call.work.flow_run_id or ""
        is_new = await self._effects.is_new_scope(scope) and call.key not in self._touched
        self._touched.add(call.key)
        return None if is_new else await self._effects.entry(call.key, call.work.technique_id)

    async def _step(self, call: StartCall, entry: Entry | None) -> Step:
        if entry is not None and entry.is_unresolved:
            return await self._recovery.recover(call, entry, repeat=self._repeat, start_anew=self._send)
        return await self._send(call, entry)

    async def _repeat(self, call: StartCall, entry: Entry, body: Body) -> Step:
        """Send an in-doubt request again, under the same idempotency key."""
        return await self._post(call, entry, body, is_repeat=True)

    async def _send(self, call: StartCall, entry: Entry | None) -> Step:
        """Send a request that counts as the first."""
        # Made before it is our turn: an upload takes its time.
        body = await self._effects.body(call.make_inputs, signed_at=await self._signed_at())
        return await self._post(call, entry or self._recorder.first(call), body, is_repeat=False)

    async def _signed_at(self) -> datetime | None:
        """Return as of when to sign URLs; None where a body that is equal is repeated like one that is not."""
        belief = await self._effects.belief()
        if belief.same_body is not Promise.REPLAY or belief.other_body is Promise.REPLAY:
            return None
        return (self._ledger.store.server_now() - SIGNED_BEFORE).replace(microsecond=0)

    async def _post(self, call: StartCall, entry: Entry, body: Body, *, is_repeat: bool) -> Step:
        # Before it is announced: a budget may have to wait for others.
        terms = None if call.permit is None else await call.permit.terms(entry)
        request = OpenRequest(key=call.key, number=entry.number + 1, needs=call.work.needs)
        await self._admission.set_limit(call, body)
        post = Post(
            call=call,
            entry=entry,
            body=body,
            kept=entry.sends if is_repeat else (),
            ticket=await call.gate.ticket(request, call.announcer, is_urgent=is_repeat),
            terms=terms,
        )
        call.tickets.append(post.ticket)
        try:
            async with call.gate.place() as post.leave_place:
                post.shown_before = await self._admission.admitted(call, body, is_repeat=is_repeat)
                return await self._sender.send(post)
        finally:
            call.gate.spent(post.ticket)
            self._admission.noted(call, post.entry)
            if not post.entry.is_unresolved:
                await self._close_journal(call)

    async def _close_journal(self, call: StartCall) -> None:
        """Close the pages that announced a request of this call, which is in doubt no more.

        They are deleted later, several together: a page whose requests are resolved costs its readers a look.
        """
        self._closed_pages += filter(None, map(call.gate.resolved, call.tickets))
        call.tickets.clear()
        if sum(page.requests for page in self._closed_pages) >= CLOSED_TOGETHER:
            await self._delete_closed_pages()

    async def _delete_closed_pages(self) -> None:
        pages, self._closed_pages = self._closed_pages, []
        if pages:
            await self._effects.close_journal([page.path for page in pages])

    def _announcer(self, technique_id: str) -> Announcer:
        async def write(requests: Sequence[OpenRequest]) -> str:
            # The page is filed by FLORA's time: a clock of ours that was set would hide it from others.
            await self._effects.ask_time(anew=False)
            return await self._effects.open_journal(technique_id, requests, owner=self._page_owner)

        return Announcer(write, self._now, self._monotonic, self._sleep)

    async def _closed(self, entry: Entry, state: State, **changes: Any) -> Entry:
        """Move a started entry on to `state`, and tell the budget, if there is one, how its run ended."""
        entry = await self._moved_on(entry, state, **changes)
        permit = self._permits.pop(entry.key, None)
        if permit is not None:
            await permit.noted(entry)
        return entry

    async def _moved_on(self, entry: Entry, state: State, **changes: Any) -> Entry:
        """Move a started entry on, unless it has got that far already, or was restarted by hand."""
        run_id = entry.run_id
        owner = f"{self._owner}:{self._nonce()}"
        while entry.run_id == run_id and entry.state not in {state, State.ARCHIVED}:
            following = entry.next(state, owner=owner, now=self._now(), note=entry.note, **changes)
            if await self._effects.append(state, following):
                return following
            newer = self._effects.entry_from(entry.key, entry.work.technique_id, following.number)
            entry = await newer or entry
        return entry


def _returning(inputs: Sequence[InputValue]) -> Inputs:
    async def make(_: datetime | None) -> Body:
        return Body(tuple(inputs))

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
