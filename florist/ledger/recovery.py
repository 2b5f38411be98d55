"""Finds out what became of a request, by the rules of `resolution`."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from florist.ledger.effects import Effects
from florist.ledger.entries import Entry
from florist.ledger.flora import Flora
from florist.ledger.ledger import callback_token
from florist.ledger.recovery_rules import (
    Adopt,
    Conclusion,
    Evidence,
    Look,
    Review,
    SendAgain,
    StartAnew,
    conclusion,
    first_step,
    is_settled,
    shows_candidate,
)
from florist.ledger.sending import Sender
from florist.ledger.start_calls import Recorder, StartCall
from florist.ledger.timing import Timing


class Recovery:
    """Takes unresolved entries to their run, to a new request, or to a person."""

    def __init__(
        self,
        effects: Effects,
        recorder: Recorder,
        sender: Sender,
        flora: Flora,
        *,
        timing: Timing,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._effects = effects
        self._recorder = recorder
        self._sender = sender
        self._flora = flora
        self._timing = timing
        self._monotonic = monotonic
        self._sleep = sleep

    async def settled(self, order: StartCall, entry: Entry) -> Entry:
        """Return an unresolved entry once FLORA is surely done with it, or once somebody has gone on with it."""
        began = self._monotonic()
        now = await self._effects.ask_time(anew=True)
        while not is_settled(
            entry, now=now, watched=timedelta(seconds=self._monotonic() - began), timing=self._timing
        ):
            await self._sleep(self._timing.poll)
            newer = await self._recorder.reread(order)
            if newer.number != entry.number:
                return newer
            now = self._flora.server_now()
        return entry

    async def resolved(self, order: StartCall, entry: Entry) -> Entry:
        """Take a settled entry one step further.

        Returns:
            The entry as it stands then: as it was, if it may clear up by itself and there is time to wait.

        Raises:
            NeedsReviewError: a person has to decide.
            APIError: sending again was refused, or history could not be read. The entry stays unresolved.
        """
        told = await self._effects.callback(callback_token(entry))
        now = await self._effects.ask_time(anew=True)
        step = first_step(
            entry,
            now=now,
            fingerprint=self._flora.key_fingerprint,
            told=told,
            has_history=self._flora.has_history,
            timing=self._timing,
        )
        if isinstance(step, Look):
            seen = await self._look(entry)
            return await self._concluded(
                order,
                entry,
                conclusion(entry, seen, is_patient=self._is_patient(order), timing=self._timing),
            )
        if isinstance(step, SendAgain):
            return await self._sender.send(order, entry, kept=entry.sends)
        return await self._concluded(order, entry, step)

    async def _concluded(self, order: StartCall, entry: Entry, found: Conclusion) -> Entry:
        match found:
            case Adopt(run_id, reason):
                return await self._recorder.started(order, entry, run_id, by="adopted", reason=reason)
            case StartAnew():
                return await self._sender.send(order, entry, kept=())
            case Review(reason, candidates):
                return await self._recorder.review(order, entry, reason, candidates)
            case _:
                order.pause = self._timing.look_again
                return entry

    async def _look(self, entry: Entry) -> Evidence:
        """Read history, then the entries, then the claims.

        In this order whoever made one of the runs has either claimed it by the time its claim is read, or is seen
        as a rival.
        """
        slack = timedelta(seconds=self._timing.absence_skew)
        since = _earliest(entry) - slack
        runs = await self._effects.runs(entry.work.technique_id, since=since)
        possible = tuple(run for run in runs if shows_candidate(entry, run, slack))
        neighbours = await self._effects.neighbours(entry)
        return Evidence(
            runs=possible,
            claims=await self._effects.claims([run.run_id for run in possible]),
            rivals=tuple(
                other.key
                for other in neighbours
                if other.is_unresolved and entry.overlaps(other, timedelta(seconds=self._timing.skew))
            ),
        )

    def _is_patient(self, order: StartCall) -> bool:
        now = self._monotonic()
        if order.patient_until is None:
            order.patient_until = now + self._timing.patience
        return now < order.patient_until


def _earliest(entry: Entry) -> datetime:
    return min(send.sent_at for send in entry.sends)
