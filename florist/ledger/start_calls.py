"""One call for a piece of work, what a stretch of it can come to, and the records it writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from florist.api.errors import APIError
from florist.ledger.bodies import Inputs
from florist.ledger.effects import STORE_PATIENCE, STORE_PATIENCE_WITH_A_RUN, Effects
from florist.ledger.entries import Candidate, Entry, StartedBy, State
from florist.ledger.errors import NeedsReviewError, RunUnrecordedError, UnreadableRecordError
from florist.ledger.permits import Permit
from florist.ledger.post_gate import Announcer, PostGate, Ticket
from florist.ledger.work import Work
from florist.stores.errors import StoreError

OnWait = Callable[[str, float], None]
"""Told what a call waits for, and for how many seconds at the most."""


@dataclass(eq=False)
class StartCall:
    """One call of `Spender.start`.

    Attributes:
        owner: marks the records of this call, and of no other.
        make_inputs: makes what is sent, anew for each POST: files uploaded, URLs signed.
        sends_left: POSTs it may still make.
        permit: a budget's leave, where there is a budget.
        tickets: what the journal announced for it; closed when the work's request is in doubt no more.
        patient_until: by our monotonic clock; None until there is something to be patient about.
    """

    work: Work
    key: str
    make_inputs: Inputs
    callback_url: Callable[[str], str] | None
    price_usd: Decimal | None
    owner: str
    gate: PostGate
    announcer: Announcer
    sends_left: int
    permit: Permit | None = None
    on_wait: OnWait = lambda reason, seconds: None
    tickets: list[Ticket] = field(default_factory=list)
    patient_until: float | None = None
    last_error: APIError | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The work's run is known."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class GoOn:
    """This call goes on from here: at once, or after a pause, which holds no place.

    Attributes:
        entry: None if nothing is recorded yet.
    """

    entry: Entry | None
    pause: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Another call wrote the next record (it won the race for its number): this one goes on from there."""

    entry: Entry


Step = Settled | GoOn | TakenOver


class Recorder:
    """Writes records by optimistic concurrency: each is created only if there is none of its number."""

    def __init__(self, effects: Effects, *, now: Callable[[], datetime]) -> None:
        self._effects = effects
        self._now = now

    def first(self, call: StartCall) -> Entry:
        """Return the entry that a call's first record changes; it is itself never written."""
        return Entry(
            key=call.key,
            work=call.work,
            number=-1,
            recorded_at=self._now(),
            owner=call.owner,
            price_usd=call.price_usd,
        )

    async def record(
        self,
        call: StartCall,
        name: str,
        entry: Entry,
        state: State,
        *,
        patience: float = STORE_PATIENCE,
        **changes: Any,
    ) -> Entry:
        """Return the next record of an entry; where another call was first, the entry as that has left it."""
        following = entry.next(state, owner=call.owner, now=self._now(), **changes)
        if await self._effects.append(name, following, patience=patience):
            return following
        return await self.reread(call, following.number)

    async def started(
        self,
        call: StartCall,
        entry: Entry,
        run_id: str,
        *,
        by: StartedBy,
        reason: str,
        on_claimed: Callable[[], None] = lambda: None,
    ) -> Entry:
        """Claim a run and record it, whatever else was recorded meanwhile.

        Args:
            on_claimed: called as soon as the run is claimed: from then on nobody takes it for another request's.

        Raises:
            NeedsReviewError: another entry has claimed this run.
            RunUnrecordedError: the store did not take the record.
        """
        try:
            claimant = await self._effects.claim(run_id, entry.key)
            if claimant != entry.key:
                return await self._claimed_already(call, entry, run_id, claimant)
            on_claimed()
            while not entry.has_run:
                entry = await self.record(
                    call,
                    "started",
                    entry,
                    State.STARTED,
                    patience=STORE_PATIENCE_WITH_A_RUN,
                    run_id=run_id,
                    started_by=by,
                    note=reason,
                )
        except StoreError as error:
            raise RunUnrecordedError(
                f"run {run_id} is paid for and goes on at FLORA, but the record of it could not be "
                f"written: {error}. Mend the store and resume, or `florist ledger adopt {entry.key} {run_id}`",
                key=entry.key,
                run_id=run_id,
            ) from error
        return entry

    async def review(
        self, call: StartCall, entry: Entry, reason: str, candidates: tuple[Candidate, ...] = ()
    ) -> Entry:
        """Record that a person has to decide.

        Returns:
            The entry as somebody else has left it, if they were first.

        Raises:
            NeedsReviewError: it is recorded, now or before.
        """
        is_known = (entry.state, entry.note, entry.candidates) == (State.NEEDS_REVIEW, reason, candidates)
        if not is_known:
            entry = await self.record(
                call, "review", entry, State.NEEDS_REVIEW, note=reason, candidates=candidates
            )
            if entry.owner != call.owner:
                return entry
        raise NeedsReviewError(
            f"{described(call.work)} was sent to FLORA, and what became of it is uncertain: {reason}. Look at "
            f"`florist ledger show {entry.key}`, then `florist ledger adopt {entry.key} RUN_ID`, or "
            f"`florist ledger restart {entry.key}` to pay for a new run",
            key=entry.key,
            candidates=tuple(candidate.run_id for candidate in candidates),
        )

    async def reread(self, call: StartCall, number: int) -> Entry:
        """Return an entry as it stands; it has a record of this number."""
        entry = await self._effects.entry_from(call.key, call.work.technique_id, number)
        if entry is None:
            raise UnreadableRecordError(
                f"the store refused a record of {call.key} and yet shows none; nothing was paid for"
            )
        return entry

    async def _claimed_already(self, call: StartCall, entry: Entry, run_id: str, claimant: str) -> Entry:
        candidate = Candidate(run_id=run_id, status="unknown", claimant=claimant)
        return await self.review(
            call, entry, f"its run is {run_id}, which entry {claimant} has claimed", (candidate,)
        )


def described(work: Work) -> str:
    """Return what a person calls this work."""
    place = [work.campaign or "", work.row, work.step, work.technique_id]
    extra = f" variation {work.variation}" * bool(work.variation) + f" attempt {work.attempt}" * bool(work.attempt)
    return "/".join(part for part in place if part) + extra
