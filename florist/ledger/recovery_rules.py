"""What became of an in-doubt request, one whose answer never came: the rules, as pure functions.

::

    a signed webhook named the run                              adopt it
    sent with another API key                                   review
    within FLORA's memory of the key, not proved, and
        FLORA is known to replay, or to say `duplicate`         send again with the same key
            a run comes back                                        that is it
            idempotency_duplicate, idempotency_conflict             proof: FLORA processed one of ours
            any other refusal                                       says nothing about the first one
    else                                                        look into history
        a run there is claimed by this entry                        adopt it
        the first request of ours was called a duplicate            review
        proved by a repeat: one candidate, after patience,
            no rival, no doubt                                      adopt it by time
        proved by a repeat: anything else                           wait, then review
        not proved, a candidate                                     wait, then review
        not proved, none; FLORA may know the key                    wait, then send again (never to one that
                                                                    keeps no promise: review)
        not proved, none; FLORA has forgotten the key               it never started: start it

A *candidate* is a run of the technique that a request of this entry may have made: created while one was open,
not shown by history before it left, and claimed by no other entry. A *rival* is another unresolved entry of the
technique that was open at the same time. A *doubt* speaks against adopting by time alone: a balance that was empty
around then (a refusal that made no run may have used up the key), another unclaimed run of the technique (somebody
else runs it, too).
Where FLORA has no history for a route (generations, actions), what needs history ends in review.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from florist.api.models import Run
from florist.ledger.entries import Candidate, Entry, Send, StartedBy
from florist.ledger.promises import Promise
from florist.ledger.timing import Timing


@dataclass(frozen=True, slots=True)
class Adopt:
    """This run is the one."""

    run_id: str
    reason: str
    by: StartedBy = "adopted"


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Repeat the request with the same idempotency key: it answers with its run, or proves itself."""


@dataclass(frozen=True, slots=True)
class Look:
    """Only history can tell."""


@dataclass(frozen=True, slots=True)
class StartAnew:
    """Nothing was started: send as if for the first time, with the same idempotency key."""


@dataclass(frozen=True, slots=True)
class WaitAndLook:
    """It may clear up by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """Nobody but a person can tell."""

    reason: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What history and ledger show.

    Attributes:
        runs: of the technique, created while a request of the entry may have been open, generously taken.
        claims: key of the entry that has claimed a run, by run id.
        rivals: keys of other unresolved entries that were open at the same time.
        doubts: reasons not to adopt by time alone.
    """

    runs: tuple[Run, ...]
    claims: dict[str, str]
    rivals: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the moment, beside the entry itself.

    Attributes:
        promise: what FLORA does with this request repeated, as far as it is known.
        is_remembered: FLORA still knows the idempotency key, if it ever did.
        is_mature: history has had its time to show every run of the entry's requests.
        is_patient: this call has time left to wait for what may clear up.
    """

    promise: Promise
    is_remembered: bool
    is_mature: bool
    is_patient: bool


FirstStep = Adopt | SendAgain | Look | Review
Conclusion = Adopt | SendAgain | StartAnew | WaitAndLook | Review


def is_clock_trusted(entry: Entry, recorded_at: Mapping[int, datetime], timing: Timing) -> bool:
    """Whether the store's own clock agrees with the times at which the entry says its requests were sent.

    Args:
        recorded_at: when each record was written, by the store's clock.
    """
    return all(
        abs((recorded_at[send.number] - send.sent_at).total_seconds()) <= timing.clock_skew
        for send in entry.sends
        if send.number is not None and send.number in recorded_at
    )


def by_either_clock(entry: Entry, recorded_at: Mapping[int, datetime], timing: Timing) -> Entry:
    """Return the entry with each request open at the time it names, at the store's time of it, and in between.

    What is looked for in a window that may be the wrong one is not found there, which proves nothing.
    """
    return entry.model_copy(update={"sends": tuple(_by_either(send, recorded_at, timing) for send in entry.sends)})


def _by_either(send: Send, recorded_at: Mapping[int, datetime], timing: Timing) -> Send:
    stored_at = recorded_at.get(-1 if send.number is None else send.number, send.sent_at)
    return send.model_copy(
        update={
            "sent_at": min(send.sent_at, stored_at),
            "settles_at": max(send.settles_at, stored_at + timing.open_for),
        }
    )


def is_settled(entry: Entry, *, now: datetime, watched: timedelta, is_clock_trusted: bool, timing: Timing) -> bool:
    """Whether FLORA is surely done with everything this entry sent.

    Args:
        now: by FLORA's clock.
        watched: how long this very record has stood before our eyes, by our own clock.
    """
    return (is_clock_trusted and now >= entry.settles_at) or watched >= timing.open_for


def is_mature(entry: Entry, *, now: datetime, watched: timedelta, is_clock_trusted: bool, timing: Timing) -> bool:
    """Whether history has had its time to show every run that the entry's requests made; see `is_settled`."""
    patience = timedelta(seconds=timing.patience)
    return (is_clock_trusted and now >= entry.settles_at + patience) or watched >= timing.open_for + patience


def is_remembered(entry: Entry, *, now: datetime, is_clock_trusted: bool, timing: Timing) -> bool:
    """Whether FLORA still knows the entry's idempotency key, if it ever did.

    A clock that ran backwards proves nothing, and no more does a time that the store's clock contradicts.
    """
    age = (now - entry.sends[0].sent_at).total_seconds()
    return is_clock_trusted and -timing.absence_skew <= age < timing.resend_window


def first_step(
    entry: Entry, situation: Situation, *, fingerprint: str, told: str | None, has_history: bool
) -> FirstStep:
    """Return what to do about an unresolved, settled entry before looking into history.

    Args:
        fingerprint: of the API key at hand.
        told: the run a signed webhook named for this request, if one came.
    """
    if told is not None:
        return Adopt(told, f"FLORA's webhook named run {told} for this very request")
    foreign = sorted({send.fingerprint for send in entry.sends} - {fingerprint})
    if foreign:
        return Review(
            f"it was sent with another API key (fingerprint {', '.join(foreign)}; this one is {fingerprint}), and "
            "FLORA knows its requests by key: resume with that one, or decide by hand"
        )
    if entry.proved_by is None and situation.is_remembered and situation.promise.is_kept:
        return SendAgain()
    if not has_history:
        return Review("FLORA has no history of this route in which the run could be found")
    return Look()


def conclusion(entry: Entry, seen: Evidence, situation: Situation, *, timing: Timing) -> Conclusion:
    """Return what history says about an unresolved entry.

    Args:
        seen: the complete history of the time in question, read after `situation` was taken.
    """
    for run in seen.runs:
        if seen.claims.get(run.run_id) == entry.key:
            return Adopt(run.run_id, f"run {run.run_id} was claimed for this work just before its sender died")
    if entry.proved_by is not None:
        return _known_to_flora(entry, seen, situation, timing)
    candidates = candidates_of(entry, seen, timedelta(seconds=timing.absence_skew))
    if candidates:
        reason = f"history shows {_runs(candidates)} that may be its own, and {_why_not_repeated(situation)}"
        return WaitAndLook(reason) if _has_time(situation) else Review(reason, candidates)
    if not situation.is_mature:
        return WaitAndLook("history may still show its run; nothing is repeated before that")
    if situation.promise is Promise.NEITHER:
        return Review("FLORA makes a second run of a repeated request, and history shows none of the first one")
    return SendAgain() if situation.is_remembered else StartAnew()


def _known_to_flora(entry: Entry, seen: Evidence, situation: Situation, timing: Timing) -> Conclusion:
    """Return what to make of an entry whose key FLORA has called a duplicate."""
    candidates = candidates_of(entry, seen, timedelta(seconds=timing.skew))
    if entry.proved_by == "first request":
        reason = (
            "FLORA knows this request, though this ledger has not sent it before: another archive may have paid"
        )
        return WaitAndLook(reason) if _has_time(situation) else Review(reason, candidates)
    if not situation.is_mature:
        return WaitAndLook(
            "FLORA processed the request; history is given the time to show all runs of that moment"
        )
    reason = _against_adoption(candidates, seen)
    if not reason:
        run_id = candidates[0].run_id
        return Adopt(
            run_id,
            f"FLORA processed the request, and run {run_id} is the only one of that time, also "
            f"{timing.patience:.0f} seconds later",
            by="adopted by time",
        )
    if (seen.rivals or not candidates) and situation.is_patient:
        return WaitAndLook(reason)
    return Review(reason, candidates)


def _against_adoption(candidates: Sequence[Candidate], seen: Evidence) -> str:
    """Return why time alone does not tell which run it is; an empty string if it does."""
    if len(candidates) > 1:
        return f"FLORA processed the request, and history shows {_runs(candidates)} of that time"
    if seen.rivals:
        return f"another request of that time is unresolved too ({', '.join(map(_short, seen.rivals))})"
    if not candidates:
        return "FLORA processed the request, but its history shows no run of it: it may have been refused"
    if seen.doubts:
        return f"history shows {_runs(candidates)} of that time, but {'; '.join(seen.doubts)}"
    return ""


def _short(rival: str) -> str:
    return rival if "/" in rival else rival[:8]


def candidates_of(entry: Entry, seen: Evidence, slack: timedelta) -> tuple[Candidate, ...]:
    """Return the runs that a request of this entry may have made, and that no entry has claimed."""
    return tuple(
        Candidate(run_id=run.run_id, status=run.status, created_at=run.created_at)
        for run in seen.runs
        if run.run_id not in seen.claims and entry.may_have_made(run, slack)
    )


def _has_time(situation: Situation) -> bool:
    return situation.is_patient and not situation.is_mature


def _why_not_repeated(situation: Situation) -> str:
    if not situation.is_remembered:
        return "FLORA no longer knows the request"
    if situation.promise is Promise.NEITHER:
        return "FLORA would make a second run of it"
    return (
        "it is not known whether FLORA would make a second run of it: "
        "`florist doctor --probe-idempotency` finds out, then resume"
    )


def _runs(candidates: Sequence[Candidate]) -> str:
    ids = ", ".join(candidate.run_id for candidate in candidates)
    return f"run {ids}" if len(candidates) == 1 else f"{len(candidates)} runs ({ids})"
