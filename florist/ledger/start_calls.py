"""One call for a piece of work, and the records it writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from florist.api.errors import APIError
from florist.api.models import InputValue
from florist.ledger.effects import STORE_TRIES, STORE_TRIES_WITH_A_RUN, Effects, Inputs
from florist.ledger.entries import Candidate, Entry, State
from florist.ledger.errors import NeedsReviewError, RunUnrecordedError, UnreadableRecordError
from florist.ledger.technique_locks import TechniqueLock
from florist.ledger.work import Work
from florist.stores.errors import StoreError


@dataclass(eq=False)
class StartCall:
    """One call of `Spender.start`.

    Attributes:
        owner: marks the records of this call, and of no other.
        make_inputs: makes what is sent, anew for each POST: files uploaded, URLs signed.
        sends_left: POSTs it may still make.
        inputs: made for the next POST, if they are.
        patient_until: by our monotonic clock; None until there is something to be patient about.
        pause: seconds to wait, without holding the turn, before going on.
        is_open: a POST of this call may have left, and what came of it is not recorded yet.
    """

    work: Work
    key: str
    make_inputs: Inputs
    callback_url: Callable[[str], str] | None
    price_usd: Decimal | None
    owner: str
    turn: TechniqueLock
    sends_left: int
    inputs: Sequence[InputValue] | None = None
    patient_until: float | None = None
    pause: float = 0.0
    is_open: bool = False
    last_error: APIError | None = None


class Recorder:
    """Writes records. Whoever comes second to a number finds out here, and goes on from what is there."""

    def __init__(self, effects: Effects, *, now: Callable[[], datetime]) -> None:
        self._effects = effects
        self._now = now

    async def intended(self, order: StartCall) -> Entry:
        """Return the entry of an order, made now unless somebody else has just done so."""
        entry = Entry(
            key=order.key,
            work=order.work,
            recorded_at=self._now(),
            owner=order.owner,
            price_usd=order.price_usd,
        )
        if await self._effects.append("intended", entry):
            return entry
        return await self.reread(order)

    async def record(
        self, order: StartCall, name: str, entry: Entry, state: State, *, tries: int = STORE_TRIES, **changes: Any
    ) -> Entry:
        """Return the next record of an entry; where somebody else was first, the entry as they have left it."""
        following = entry.next(state, owner=order.owner, now=self._now(), **changes)
        if await self._effects.append(name, following, tries=tries):
            return following
        return await self.reread(order)

    async def started(
        self, order: StartCall, entry: Entry, run_id: str, *, by: Literal["new", "adopted"], reason: str
    ) -> Entry:
        """Claim a run and record it, whatever else was recorded meanwhile.

        Raises:
            NeedsReviewError: another entry has claimed this run.
            RunUnrecordedError: the store did not take the record.
        """
        try:
            claimant = await self._effects.claim(run_id, entry.key)
            if claimant != entry.key:
                return await self._claimed_already(order, entry, run_id, claimant)
            while not entry.has_run:
                entry = await self.record(
                    order,
                    "started",
                    entry,
                    State.STARTED,
                    tries=STORE_TRIES_WITH_A_RUN,
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
        self, order: StartCall, entry: Entry, reason: str, candidates: tuple[Candidate, ...] = ()
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
                order, "review", entry, State.NEEDS_REVIEW, note=reason, candidates=candidates
            )
            if entry.owner != order.owner:
                return entry
        raise NeedsReviewError(
            f"{described(order.work)} was sent to FLORA, and what became of it is uncertain: {reason}. Look at "
            f"`florist ledger show {entry.key}`, then `florist ledger adopt {entry.key} RUN_ID`, or "
            f"`florist ledger restart {entry.key}` to pay for a new run",
            key=entry.key,
            candidates=tuple(candidate.run_id for candidate in candidates),
        )

    async def reread(self, order: StartCall) -> Entry:
        """Return an entry that exists, as it stands."""
        entry = await self._effects.entry(order.key, order.work.technique_id)
        if entry is None:
            raise UnreadableRecordError(
                f"the store refused a record of {order.key} and yet shows none; nothing was paid for"
            )
        return entry

    async def _claimed_already(self, order: StartCall, entry: Entry, run_id: str, claimant: str) -> Entry:
        candidate = Candidate(run_id=run_id, status="unknown", claimant=claimant)
        return await self.review(
            order, entry, f"its run is {run_id}, which entry {claimant} has claimed", (candidate,)
        )


def described(work: Work) -> str:
    """Return what a person calls this work."""
    place = [work.campaign or "", work.row, work.step, work.technique_id]
    extra = f" variation {work.variation}" * bool(work.variation) + f" attempt {work.attempt}" * bool(work.attempt)
    return "/".join(part for part in place if part) + extra
