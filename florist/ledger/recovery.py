"""Finds out what became of an in-doubt request, by the rules of `recovery_rules`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from florist.api.models import Run
from florist.ledger.bodies import Body
from florist.ledger.effects import Effects
from florist.ledger.entries import Entry
from florist.ledger.flora import Flora
from florist.ledger.ledger import callback_token
from florist.ledger.promises import Promise
from florist.ledger.recovery_rules import (
    Adopt,
    Conclusion,
    Evidence,
    FirstStep,
    Look,
    Review,
    SendAgain,
    Situation,
    StartAnew,
    WaitAndLook,
    by_either_clock,
    candidates_of,
    conclusion,
    first_step,
    is_clock_trusted,
    is_mature,
    is_remembered,
    is_settled,
)
from florist.ledger.start_calls import Recorder, Settled, StartCall, Step, TakenOver
from florist.ledger.timing import Timing

DOUBTED_FOR = timedelta(hours=24)
"""An unclaimed run of the technique in this time says that somebody else runs it, too."""

Repeat = Callable[[StartCall, Entry, Body], Awaitable[Step]]
SendAsFirst = Callable[[StartCall, Entry], Awaitable[Step]]


@dataclass(eq=False)
class _Case:
    """An unresolved entry under investigation.

    Attributes:
        began: when this call first saw this very record, by our monotonic clock.
        looked_for: the entry as history is searched for it: at the times of both clocks, where they disagree.
        body: what a repeated request would carry, once that is needed.
    """

    entry: Entry
    began: float
    is_clock_trusted: bool
    looked_for: Entry
    body: Body | None = None


class Recovery:
    """Takes unresolved entries to their run, to a new request, or to a person."""

    def __init__(
        self,
        effects: Effects,
        recorder: Recorder,
        flora: Flora,
        *,
        timing: Timing,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._effects = effects
        self._recorder = recorder
        self._flora = flora
        self._timing = timing
        self._monotonic = monotonic
        self._sleep = sleep

    async def recover(self, call: StartCall, entry: Entry, *, repeat: Repeat, start_anew: SendAsFirst) -> Step:
        """Take an unresolved entry to its end, or to where the call goes on.

        Args:
            repeat: sends the request again, under the same idempotency key, as a repetition of those before.
            start_anew: sends it as if for the first time: nothing was started.

        Raises:
            NeedsReviewError: a person has to decide.
            APIError: sending again was refused, or history could not be read. The entry stays unresolved.
        """
        recorded_at = await self._effects.recorded_at(entry)
        trusted = is_clock_trusted(entry, recorded_at, self._timing)
        looked_for = entry if trusted else by_either_clock(entry, recorded_at, self._timing)
        case = _Case(entry, self._monotonic(), trusted, looked_for)
        taken_over = await self._until_settled(call, case)
        if taken_over is not None:
            return taken_over
        while True:
            step = await self._next_step(call, case)
            match step:
                case Adopt(run_id, reason, by):
                    adopted = await self._recorder.started(call, entry, run_id, by=by, reason=reason)
                    return Settled(adopted) if adopted.has_run else TakenOver(adopted)
                case Review(reason, candidates):
                    return TakenOver(await self._recorder.review(call, entry, reason, candidates))
                case SendAgain():
                    return await repeat(call, entry, await self._body(call, case))
                case StartAnew():
                    return await start_anew(call, entry)
                case WaitAndLook(reason):
                    call.on_wait(reason, await self._longest_wait(call, case))
            await self._sleep(self._timing.look_again)
            newer = await self._recorder.reread(call, entry.number)
            if newer.number != entry.number:
                return TakenOver(newer)

    async def shows_candidate(self, entry: Entry) -> bool:
        """Whether history shows a run that the entry's request may have made: others can be told from it then."""
        slack = timedelta(seconds=self._timing.skew)
        runs = await self._possible_runs(entry, slack)
        claims = await self._effects.claims([run.run_id for run in runs])
        return bool(candidates_of(entry, Evidence(runs, claims), slack))

    async def _until_settled(self, call: StartCall, case: _Case) -> TakenOver | None:
        """Wait until FLORA is surely done with what the entry has sent; return early if another call goes on."""
        now = await self._effects.ask_time(anew=True)
        while not is_settled(
            case.entry,
            now=now,
            watched=self._watched(case),
            is_clock_trusted=case.is_clock_trusted,
            timing=self._timing,
        ):
            left = (case.entry.settles_at - now).total_seconds()
            call.on_wait("its request may still be at work at FLORA", max(0.0, left))
            await self._sleep(self._timing.poll)
            newer = await self._recorder.reread(call, case.entry.number)
            if newer.number != case.entry.number:
                return TakenOver(newer)
            now = await self._effects.ask_time(anew=False)
        return None

    async def _next_step(self, call: StartCall, case: _Case) -> FirstStep | Conclusion:
        entry = case.entry
        told = await self._effects.callback(callback_token(entry))
        situation = await self._situation(call, case)
        step = first_step(
            entry,
            situation,
            fingerprint=self._flora.key_fingerprint,
            told=told,
            has_history=self._flora.has_history,
        )
        if not isinstance(step, Look):
            return step
        looked_for = case.looked_for
        seen = await self._seen(looked_for)
        found = conclusion(looked_for, seen, situation, timing=self._timing)
        if isinstance(found, Adopt) and found.by == "adopted by time":
            seen = await self._with_doubts(looked_for, seen)
            found = conclusion(looked_for, seen, situation, timing=self._timing)
        return found

    async def _longest_wait(self, call: StartCall, case: _Case) -> float:
        """Return after how many seconds this call looks no more: history is mature, and its patience at an end."""
        whole = self._timing.open_for + timedelta(seconds=self._timing.patience)
        mature = whole - self._watched(case)
        if case.is_clock_trusted:
            now = await self._effects.ask_time(anew=False)
            mature = min(mature, case.entry.settles_at + timedelta(seconds=self._timing.patience) - now)
        patient = (call.patient_until or 0.0) - self._monotonic()
        return max(mature.total_seconds(), patient, 0.0) + self._timing.look_again

    async def _situation(self, call: StartCall, case: _Case) -> Situation:
        """Return what is known of the moment; it is taken before history is read."""
        now = await self._effects.ask_time(anew=True)
        if call.patient_until is None:
            call.patient_until = self._monotonic() + self._timing.patience
        trust = case.is_clock_trusted
        remembered = is_remembered(case.entry, now=now, is_clock_trusted=trust, timing=self._timing)
        return Situation(
            promise=await self._promise(call, case) if remembered else Promise.UNKNOWN,
            is_remembered=remembered,
            is_mature=is_mature(
                case.entry, now=now, watched=self._watched(case), is_clock_trusted=trust, timing=self._timing
            ),
            is_patient=self._monotonic() < call.patient_until,
        )

    async def _promise(self, call: StartCall, case: _Case) -> Promise:
        """Return what FLORA would do with this very request repeated."""
        if case.entry.proved_by is not None:
            return Promise.UNKNOWN
        belief = await self._effects.belief()
        if belief.same_body is belief.other_body:
            return belief.same_body
        digest = (await self._body(call, case)).sha256
        return belief.about(is_same_body=all(send.body_sha256 == digest for send in case.entry.sends))

    async def _body(self, call: StartCall, case: _Case) -> Body:
        """Return the body of a repeated request, its URLs signed as of the moment that the first one's were."""
        if case.body is None:
            signed_at = case.entry.sends[0].signed_at
            case.body = await self._effects.body(call.make_inputs, signed_at=signed_at)
        return case.body

    async def _seen(self, entry: Entry) -> Evidence:
        """Read history, then the entries that may be rivals, then the claims.

        In this order whoever made one of the runs has either claimed it by the time its claim is read, or is seen
        as a rival.
        """
        possible = await self._possible_runs(entry, timedelta(seconds=self._timing.absence_skew))
        rivals = await self._rivals(entry)
        claims = await self._effects.claims([run.run_id for run in possible])
        return Evidence(runs=possible, claims=claims, rivals=rivals)

    async def _possible_runs(self, entry: Entry, slack: timedelta) -> tuple[Run, ...]:
        runs = await self._effects.runs(entry.work.technique_id, since=_earliest(entry) - slack)
        return tuple(run for run in runs if entry.may_have_made(run, slack))

    async def _rivals(self, entry: Entry) -> tuple[str, ...]:
        """Return the other unresolved entries of the technique that were open together with this one."""
        # What was announced a lease before may have left, and settled, only now.
        since = _earliest(entry) - 2 * self._timing.open_for
        # What is announced later than this leaves later still.
        until = entry.settles_at + timedelta(seconds=2 * self._timing.skew)
        named = await self._effects.open_requests(entry.work.technique_id, since, until)
        others = [request.key for request in named.requests if request.key != entry.key]
        found = await self._effects.entries(others, entry.work.technique_id)
        slack = timedelta(seconds=self._timing.skew)
        return (
            *(f"{path}, which cannot be read" for path in named.unreadable),
            *(
                key
                for key, other in found.items()
                if other is None or (other.is_unresolved and entry.overlaps(other, slack))
            ),
        )

    async def _with_doubts(self, entry: Entry, seen: Evidence) -> Evidence:
        """Return the evidence with what speaks against adopting by time alone."""
        doubts: list[str] = []
        slack = timedelta(seconds=self._timing.absence_skew)
        if await self._effects.was_balance_empty(_earliest(entry) - slack, entry.settles_at + slack):
            doubts += ["the balance was empty around then, and the request may have been refused"]
        now = self._flora.server_now()
        recent = await self._effects.runs(entry.work.technique_id, since=now - DOUBTED_FOR)
        claims = await self._effects.claims([run.run_id for run in recent])
        candidates = {run.run_id for run in candidates_of(entry, seen, timedelta(seconds=self._timing.skew))}
        others = [run.run_id for run in recent if run.run_id not in claims and run.run_id not in candidates]
        if others:
            doubts += [f"somebody else runs this technique, too (run {others[0]})"]
        return Evidence(seen.runs, seen.claims, seen.rivals, tuple(doubts))

    def _watched(self, case: _Case) -> timedelta:
        return timedelta(seconds=self._monotonic() - case.began)


def _earliest(entry: Entry) -> datetime:
    return min(send.sent_at for send in entry.sends)
