"""Sends one request for one piece of work, and records what comes of it before anything else happens.

Before a call answers, its entry says `sent`; so whatever dies here leaves behind that something was sent, by
which idempotency key, and when.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from florist.api.errors import APIError
from florist.api.models import InputValue
from florist.ledger.effects import Effects, carried_through
from florist.ledger.entries import Entry, Send, State
from florist.ledger.errors import UnresolvedError
from florist.ledger.flora import Flora
from florist.ledger.ledger import callback_token
from florist.ledger.post_outcomes import PostOutcome, pause_after, post_outcome, refusal_code
from florist.ledger.start_calls import Recorder, StartCall, described
from florist.ledger.timing import Timing


class HeldBackError(Exception):
    """A request was stopped at the last moment: certainly not sent. Never leaves this module."""


class _LostRaceError(HeldBackError):
    """Somebody else has gone on with the entry, and left it as `entry`."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.key)
        self.entry = entry


@dataclass(eq=False)
class _Post:
    """One POST under way.

    Attributes:
        entry: the newest record.
        kept: earlier POSTs under the same idempotency key that may have been processed; empty where this is
            the first, or the only one that counts.
        was_clear: what the turn knew before.
        is_recorded: the entry says `sent`.
    """

    order: StartCall
    entry: Entry
    inputs: Sequence[InputValue]
    kept: tuple[Send, ...]
    was_clear: bool
    is_recorded: bool = False


class Sender:
    """Sends requests and records their fates."""

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

    async def send(self, order: StartCall, entry: Entry, *, kept: tuple[Send, ...]) -> Entry:
        """Make one POST and return the entry as it stands then: with its run, or unresolved, or refused and
        to be sent again after `order.pause`.

        A cancellation is held up until the answer to what has left is recorded.

        Args:
            kept: the POSTs that this one repeats; none if it is to count as the first.

        Raises:
            APIError: refused, certainly, and waiting does not help. `InsufficientCreditsError` is one of them.
            UnresolvedError: this call has sent often enough.
        """
        if order.sends_left <= 0:
            raise self._given_up(order, entry) from order.last_error
        await self._effects.ask_time(anew=False)
        inputs = await self.made_inputs(order)
        order.inputs = None
        post = _Post(order, entry, inputs, kept, order.turn.is_clear)
        return await carried_through(self._send(post), must=lambda: order.is_open)

    async def made_inputs(self, order: StartCall) -> Sequence[InputValue]:
        """Return the inputs of the order's next POST, made now unless they are at hand."""
        if order.inputs is None:
            order.inputs = await self._effects.inputs(order.make_inputs)
        return order.inputs

    async def _send(self, post: _Post) -> Entry:
        order = post.order
        token = callback_token(post.entry)
        try:
            run = await self._effects.post(
                order.work.technique_id,
                post.inputs,
                idempotency_key=post.entry.idempotency_key,
                callback_url=order.callback_url(token) if order.callback_url else None,
                before_send=lambda: self._record_sent(post),
            )
        except _LostRaceError as lost:
            return lost.entry
        except HeldBackError as held_back:
            return await self._record_refusal(post, "not_sent", str(held_back))
        except APIError as error:
            return await self._after(post, error)
        entry = await self._recorder.started(
            order,
            post.entry,
            run.run_id,
            by="adopted" if post.kept else "new",
            reason=f"FLORA answered the repeated request with run {run.run_id}" if post.kept else "",
        )
        self._definite(post)
        return entry

    async def _record_sent(self, post: _Post) -> None:
        """Record that bytes are about to leave; raise where they must not.

        Called once more for each time the client sends, the time before having been refused for certain.
        """
        order = post.order
        order.is_open = False
        order.turn.is_clear = False
        began_at, began = self._now(), self._monotonic()
        sent_at = self._flora.server_now()
        self._check_memory(post, sent_at)
        send = Send(
            sent_at=sent_at,
            settles_at=sent_at + self._timing.open_for,
            fingerprint=self._flora.key_fingerprint,
            owner=order.owner,
        )
        entry = await self._recorder.record(
            order,
            "sent",
            post.entry,
            State.SENT,
            sends=(*post.kept, send),
            sends_made=post.entry.sends_made + 1,
        )
        if entry.owner != order.owner:
            raise _LostRaceError(entry)
        post.entry, post.is_recorded = entry, True
        order.sends_left -= 1
        # Either clock may stand still while this process does: the wall clock is set, the other one sleeps.
        if max((self._now() - began_at).total_seconds(), self._monotonic() - began) > self._timing.lease:
            raise HeldBackError("this process was stopped for longer than its lease")
        order.is_open = True

    def _check_memory(self, post: _Post, sent_at: datetime) -> None:
        if post.kept and (sent_at - post.kept[0].sent_at).total_seconds() >= self._timing.resend_window:
            raise HeldBackError("FLORA would no longer know the request that this one repeats")

    async def _after(self, post: _Post, error: APIError) -> Entry:
        """Record what an error means for the request, and raise it if sending again by ourselves is no use."""
        post.order.last_error = error
        fate = post_outcome(error)
        if not post.is_recorded:
            entry = post.entry
            post.order.sends_left -= 1
        elif fate is PostOutcome.UNKNOWN:
            post.order.is_open = False
            return post.entry
        elif fate is PostOutcome.PROCESSED:
            return await self._record_proof(post)
        else:
            entry = await self._record_refusal(post, refusal_code(error), str(error))
        pause = pause_after(error, self._timing.refusal_pause)
        if pause is None or post.order.sends_left <= 0:
            raise error
        post.order.pause = pause
        return entry

    async def _record_proof(self, post: _Post) -> Entry:
        entry = await self._recorder.record(
            post.order,
            "proof",
            post.entry,
            State.SENT,
            # This very POST made no run: what was processed is one before it, if there was one.
            sends=post.kept or post.entry.sends,
            is_proved=True,
            note="FLORA says that it has processed a request with this idempotency key",
        )
        post.order.is_open = False
        return entry

    async def _record_refusal(self, post: _Post, code: str, words: str) -> Entry:
        """Record that this POST was certainly not processed, which says nothing about those before it."""
        if not post.is_recorded:
            return post.entry
        entry = post.entry
        if post.kept:
            entry = await self._recorder.record(
                post.order, "refused", entry, State.SENT, sends=post.kept, refusal_code=code, note=words
            )
            post.order.is_open = False
            return entry
        entry = await self._recorder.record(
            post.order,
            "refused",
            entry,
            State.REFUSED,
            sends=(),
            is_proved=False,
            # FLORA may have kept the refusal under the key, and answer it again for ever.
            renewals=entry.renewals + 1,
            refusal_code=code,
            note=words,
        )
        self._definite(post)
        return entry

    def _definite(self, post: _Post) -> None:
        post.order.is_open = False
        post.order.turn.is_clear = post.was_clear

    def _given_up(self, order: StartCall, entry: Entry) -> Exception:
        if not entry.is_unresolved and order.last_error is not None:
            return order.last_error
        return UnresolvedError(
            f"{described(order.work)}: FLORA's answers keep getting lost ({order.last_error}); entry {entry.key} "
            "is kept as unresolved: resume later, nothing will be paid for twice",
            key=entry.key,
        )
