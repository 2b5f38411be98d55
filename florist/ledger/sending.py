"""Makes one POST for one piece of work: write-ahead record, departure under a lease, record of what came of it.

Before a call answers, its entry says `sent`; so whatever dies here leaves behind that something was sent, by which
idempotency key, and when.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from florist.api.errors import AmbiguousRequestError, APIError, APIStatusError, InsufficientCreditsError, Processed
from florist.ledger.attempts import pause_after, refusal_code
from florist.ledger.bodies import Body
from florist.ledger.effects import Effects, carried_through
from florist.ledger.entries import Entry, Send, State
from florist.ledger.errors import BudgetRefusedError, UnresolvedError
from florist.ledger.flora import Flora
from florist.ledger.ledger import callback_token
from florist.ledger.permits import Terms
from florist.ledger.post_gate import Ticket
from florist.ledger.promises import Observation, Promise
from florist.ledger.start_calls import GoOn, Recorder, Settled, StartCall, Step, TakenOver, described
from florist.ledger.timing import Timing

CLOCKS_MAY_PART = 2.0
"""Seconds. More than this between our two clocks says that one was set, or slept."""


class HeldBackError(Exception):
    """A request was stopped at the last moment: certainly not sent. Never leaves this module."""


class _LostRaceError(HeldBackError):
    """Somebody else has gone on with the entry, and left it as `entry`."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.key)
        self.entry = entry


class _WithoutMoneyError(HeldBackError):
    """The budget has taken back the money of this request."""


@dataclass(eq=False)
class Post:
    """One POST under way.

    Attributes:
        entry: the newest record.
        kept: earlier POSTs under the same idempotency key that may have been processed; none if this one counts
            as the first.
        ticket: the journal's; its lease bounds when the bytes may leave.
        terms: the budget's, where there is one.
        shown_before: runs of the technique that history shows already.
        is_recorded: the entry says `sent`.
        is_open: its bytes may have left, and what came of them is not recorded yet.
        leave_place: lets the next POST of the technique have this one's place.
    """

    call: StartCall
    entry: Entry
    body: Body
    kept: tuple[Send, ...]
    ticket: Ticket
    terms: Terms | None = None
    shown_before: tuple[str, ...] = ()
    is_recorded: bool = False
    is_open: bool = False
    leave_place: Callable[[], None] = lambda: None

    @property
    def is_repeat(self) -> bool:
        """Whether FLORA may know the idempotency key from an earlier POST of ours."""
        return bool(self.kept)


class Sender:
    """Sends requests and records what comes of them."""

    def __init__(
        self,
        effects: Effects,
        recorder: Recorder,
        flora: Flora,
        *,
        timing: Timing,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._effects = effects
        self._recorder = recorder
        self._flora = flora
        self._timing = timing
        self._now = now
        self._monotonic = monotonic

    async def send(self, post: Post) -> Step:
        """Make one POST and return what it came to: its run, or where the call goes on.

        A cancellation is held up until the answer to what has left is recorded.

        Raises:
            APIError: refused, certainly, and waiting does not help. `InsufficientCreditsError` is one of them.
            UnresolvedError: this call has sent often enough.
        """
        call = post.call
        if call.sends_left <= 0:
            raise self._given_up(call, post.entry) from call.last_error
        await self._effects.ask_time(anew=False)
        return await carried_through(self._send(post), must=lambda: post.is_open)

    async def _send(self, post: Post) -> Step:
        call = post.call
        token = callback_token(post.entry)
        began = self._monotonic()
        try:
            answer = await self._effects.post(
                call.work.technique_id,
                post.body.inputs,
                idempotency_key=post.entry.idempotency_key,
                callback_url=call.callback_url(token) if call.callback_url else None,
                before_send=lambda: self._record_sent(post),
            )
        except _LostRaceError as lost:
            return TakenOver(lost.entry)
        except _WithoutMoneyError as taken_back:
            step = await self._refused(post, "budget", str(taken_back))
            if isinstance(step, TakenOver):
                return step
            raise BudgetRefusedError(f"{described(call.work)}: {taken_back}", key=call.key) from taken_back
        except HeldBackError as held_back:
            return await self._refused(post, "not_sent", str(held_back))
        except APIError as error:
            return await self._after(post, error)
        call.gate.took(self._monotonic() - began)
        run_id = answer.run.run_id
        # Others beside it are told apart without history, so none of them may take this run for its own.
        if call.gate.limit > 1:
            post.leave_place()
        if answer.is_replayed and post.is_repeat:
            await self._learn(post, Promise.REPLAY, answer.request_id)
        entry = await self._recorder.started(
            call,
            post.entry,
            run_id,
            # A replay of what was never sent from here: another archive has paid for this very work.
            by="adopted" if post.is_repeat or answer.is_replayed else "new",
            reason=f"FLORA answered the repeated request with run {run_id}"
            if post.is_repeat or answer.is_replayed
            else "",
            on_claimed=post.leave_place,
        )
        post.entry, post.is_open = entry, False
        return Settled(entry) if entry.has_run else TakenOver(entry)

    async def _record_sent(self, post: Post) -> None:
        """Record that bytes are about to leave; raise where they must not.

        Called once more for each time the client sends, the time before having been refused for certain.
        """
        call = post.call
        post.is_open = False
        call.gate.spent(post.ticket)
        self._check_clocks(post.ticket)
        if not self._is_fresh(post.ticket):
            post.ticket = await call.gate.ticket(post.ticket.request, call.announcer, is_urgent=True)
            call.tickets.append(post.ticket)
            call.gate.spent(post.ticket)
        sent_at = self._flora.server_now()
        self._check_memory(post, sent_at)
        send = Send(
            sent_at=sent_at,
            settles_at=sent_at + self._timing.open_for,
            fingerprint=self._flora.key_fingerprint,
            owner=call.owner,
            number=post.entry.number + 1,
            body_sha256=post.body.sha256,
            shown_before=post.shown_before,
            block=post.terms.block if post.terms else None,
            price_micro=post.terms.price_micro if post.terms else None,
            signed_at=post.body.signed_at,
        )
        entry = await self._recorder.record(
            call,
            "sent",
            post.entry,
            State.SENT,
            sends=(*post.kept, send),
            sends_made=post.entry.sends_made + 1,
        )
        if entry.owner != call.owner:
            raise _LostRaceError(entry)
        post.entry, post.is_recorded = entry, True
        call.sends_left -= 1
        await self._check_budget(post)
        self._check_lease(post.ticket)
        post.is_open = True

    async def _check_budget(self, post: Post) -> None:
        """Raise if the budget has taken the money back; now that `sent` stands, whoever does so later sees it."""
        if post.terms is None or post.call.permit is None or await post.call.permit.stands(post.terms):
            return
        raise _WithoutMoneyError("not sent, since the budget has taken back what was set aside for it")

    def _is_fresh(self, ticket: Ticket) -> bool:
        return self._monotonic() - ticket.began < self._timing.lease / 2

    def _check_lease(self, ticket: Ticket) -> None:
        """Raise unless the lease still runs, by either clock: the monotonic one may stop with the machine."""
        self._check_clocks(ticket)
        by_wall, by_monotonic = self._ages(ticket)
        if max(by_wall, by_monotonic) > self._timing.lease:
            raise HeldBackError("this process was stopped, or waited, for longer than its lease")

    def _check_clocks(self, ticket: Ticket) -> None:
        """Raise if our two clocks have parted since the ticket: FLORA's time, reckoned by them, is not known."""
        by_wall, by_monotonic = self._ages(ticket)
        if abs(by_wall - by_monotonic) > CLOCKS_MAY_PART:
            raise HeldBackError("this machine's clock was set, or it slept, right before the request left")

    def _ages(self, ticket: Ticket) -> tuple[float, float]:
        """Return how old a ticket is by the wall clock, and by the monotonic one."""
        return (self._now() - ticket.began_at).total_seconds(), self._monotonic() - ticket.began

    def _check_memory(self, post: Post, sent_at: datetime) -> None:
        if post.kept and (sent_at - post.kept[0].sent_at).total_seconds() >= self._timing.resend_window:
            raise HeldBackError("FLORA would no longer know the request that this one repeats")

    async def _after(self, post: Post, error: APIError) -> Step:
        """Record what an error means for the request, and raise it if sending again by ourselves is no use."""
        call = post.call
        call.last_error = error
        if isinstance(error, InsufficientCreditsError):
            await self._effects.note_empty_balance(self._flora.server_now())
        if post.is_recorded and error.processed in (Processed.UNKNOWN, Processed.YES):
            post.is_open = False
            return GoOn(post.entry, reason=str(error))
        if post.is_recorded and error.processed is Processed.BEFORE:
            return await self._record_proof(post, error)
        if not post.is_recorded:
            call.sends_left -= 1
        step = await self._refused(post, refusal_code(error), str(error), is_first_s_own=_is_first_s_own(error))
        pause = pause_after(error, self._timing.refusal_pause)
        if isinstance(step, TakenOver):
            return step
        if pause is None or call.sends_left <= 0:
            raise error
        return GoOn(step.entry, pause, str(error))

    async def _record_proof(self, post: Post, error: APIError) -> Step:
        """Record that FLORA knows the idempotency key. Only a repeat proves that it knows it from us."""
        if post.is_repeat:
            await self._learn(post, Promise.REFUSE, getattr(error, "request_id", None))
        entry = await self._recorder.record(
            post.call,
            "proof",
            post.entry,
            State.SENT,
            # This very POST made no run: what was processed is one before it, if there was one.
            sends=post.kept or post.entry.sends,
            proved_by="repeat" if post.is_repeat else "first request",
            note="FLORA says that it has processed a request with this idempotency key",
        )
        post.entry, post.is_open = entry, False
        return GoOn(entry) if entry.owner == post.call.owner else TakenOver(entry)

    async def _refused(
        self, post: Post, code: str, words: str, *, is_first_s_own: bool = False
    ) -> GoOn | TakenOver:
        """Record that this POST was certainly not processed, which says nothing about those before it.

        Args:
            is_first_s_own: FLORA repeats what it answered to the first request under this key: that one was
                refused, too.
        """
        call = post.call
        if not post.is_recorded:
            return GoOn(post.entry if post.entry.number >= 0 else None, reason=words)
        changes: dict[str, Any] = {"refusal_code": code, "note": words}
        if post.is_repeat and not is_first_s_own:
            entry = await self._recorder.record(
                call, "refused", post.entry, State.SENT, sends=post.kept, **changes
            )
        else:
            entry = await self._recorder.record(
                call,
                "refused",
                post.entry,
                State.REFUSED,
                sends=(),
                proved_by=None,
                # FLORA may have kept the refusal under the key, and answer it again for ever.
                renewals=post.entry.renewals + 1,
                **changes,
            )
        post.entry, post.is_open = entry, False
        return GoOn(entry, reason=words) if entry.owner == call.owner else TakenOver(entry)

    async def _learn(self, post: Post, promise: Promise, request_id: str | None) -> None:
        """Remember what FLORA did with a repeated key. Failing to is no reason to stop."""
        if promise is Promise.REFUSE and post.call.callback_url is None:
            post.call.gate.set_limit(1)  # those that wait for their turn already were let in by what was believed
        first = post.kept[0]
        now = self._flora.server_now()
        await self._effects.learn(
            Observation(
                promise=promise,
                is_same_body=all(send.body_sha256 == post.body.sha256 for send in post.kept),
                seen_at=now,
                age_seconds=(now - first.sent_at).total_seconds(),
                technique_id=post.call.work.technique_id,
                request_id=request_id,
            )
        )

    def _given_up(self, call: StartCall, entry: Entry) -> Exception:
        if not entry.is_unresolved and call.last_error is not None:
            return call.last_error
        return UnresolvedError(
            f"{described(call.work)}: FLORA's answers keep getting lost ({call.last_error}); entry {entry.key} "
            "is kept as unresolved: resume later, nothing will be paid for twice",
            key=entry.key,
        )


def lets_others_go_on(error: APIError | None) -> bool:
    """Whether an in-doubt request need not hold up others: FLORA itself answered, with an error of its own."""
    return isinstance(error, AmbiguousRequestError) and bool(error.code)


def _is_first_s_own(error: APIError) -> bool:
    return isinstance(error, APIStatusError) and error.is_replayed
