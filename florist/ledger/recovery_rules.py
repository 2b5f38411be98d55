"""What became of a request whose answer never came: the rules, as pure functions.

::

    a signed webhook named the run                              adopt it
    sent with another API key                                   review
    within FLORA's memory of the key, nothing proved            send again with the same key
        a run comes back                                            that is it
        idempotency_duplicate, idempotency_conflict                 proof: FLORA processed ours
        any other refusal                                           says nothing about the first one
    proved, or past FLORA's memory                              look into history
        a run there is claimed by this entry                        adopt it
        proved, one candidate, no rival                             adopt it
        proved, a rival, or no candidate                            wait a while, then review
        proved, several candidates                                  review
        not proved, no candidate                                    it never started: start it
        not proved, a candidate                                     review

A *candidate* is a run of the technique that was created while a request of this entry was open, and that no other
entry has claimed. A *rival* is another unresolved entry of the technique that was open at the same time.
Where FLORA has no history for a route (generations, actions), what needs history ends in review.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from florist.api.models import Run
from florist.ledger.entries import Candidate, Entry
from florist.ledger.timing import Timing


@dataclass(frozen=True, slots=True)
class Adopt:
    """This run is the one."""

    run_id: str
    reason: str


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
    """

    runs: tuple[Run, ...]
    claims: dict[str, str]
    rivals: tuple[str, ...]


FirstStep = Adopt | SendAgain | Look | Review
Conclusion = Adopt | StartAnew | WaitAndLook | Review


def is_settled(entry: Entry, *, now: datetime, watched: timedelta, timing: Timing) -> bool:
    """Whether FLORA is surely done with everything this entry sent.

    Args:
        now: by FLORA's clock.
        watched: how long this very record has stood before our eyes, by our own clock.
    """
    return now >= entry.settles_at or watched >= timing.open_for


def first_step(
    entry: Entry, *, now: datetime, fingerprint: str, told: str | None, has_history: bool, timing: Timing
) -> FirstStep:
    """Return what to do about an unresolved, settled entry before looking into history.

    Args:
        now: by FLORA's clock, asked just now.
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
    if not entry.is_proved and _is_remembered(entry, now, timing):
        return SendAgain()
    if not has_history:
        return Review("FLORA has no history of this route in which the run could be found")
    return Look()


def conclusion(entry: Entry, seen: Evidence, *, is_patient: bool, timing: Timing) -> Conclusion:
    """Return what history says about an unresolved entry.

    Args:
        seen: the complete history of the time in question.
        is_patient: whether there is time left to wait for what may clear up.
    """
    for run in seen.runs:
        if seen.claims.get(run.run_id) == entry.key:
            return Adopt(run.run_id, f"run {run.run_id} was claimed for this work just before its sender died")
    if entry.is_proved:
        return _proved_conclusion(entry, seen, is_patient=is_patient, timing=timing)
    possible = _candidates(entry, seen, timedelta(seconds=timing.absence_skew))
    if not possible:
        return StartAnew()
    return Review(
        f"FLORA no longer knows the request, and history shows {_runs(possible)} that may be its own", possible
    )


def _proved_conclusion(entry: Entry, seen: Evidence, *, is_patient: bool, timing: Timing) -> Conclusion:
    candidates = _candidates(entry, seen, timedelta(seconds=timing.skew))
    if len(candidates) > 1:
        return Review(
            f"FLORA processed the request, and history shows {_runs(candidates)} of that time", candidates
        )
    if seen.rivals:
        reason = f"another request of that time is unresolved too ({', '.join(key[:8] for key in seen.rivals)})"
        return WaitAndLook(reason) if is_patient else Review(reason, candidates)
    if not candidates:
        reason = "FLORA processed the request, but its history shows no run of it: it may have been refused"
        return WaitAndLook(reason) if is_patient else Review(reason)
    run_id = candidates[0].run_id
    return Adopt(run_id, f"FLORA processed the request, and run {run_id} is the only one of that time")


def shows_candidate(entry: Entry, run: Run, slack: timedelta) -> bool:
    """Whether a run of the technique may, by its time, be this entry's. One without a time may always be."""
    return run.created_at is None or entry.was_open_at(run.created_at, slack)


def _is_remembered(entry: Entry, now: datetime, timing: Timing) -> bool:
    """Whether FLORA still knows the idempotency key, if it ever did; a clock that ran backwards proves nothing."""
    age = (now - entry.sends[0].sent_at).total_seconds()
    return -timing.absence_skew <= age < timing.resend_window


def _candidates(entry: Entry, seen: Evidence, slack: timedelta) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(run_id=run.run_id, status=run.status, created_at=run.created_at)
        for run in seen.runs
        if run.run_id not in seen.claims and shows_candidate(entry, run, slack)
    )


def _runs(candidates: Sequence[Candidate]) -> str:
    ids = ", ".join(candidate.run_id for candidate in candidates)
    return f"run {ids}" if len(candidates) == 1 else f"{len(candidates)} runs ({ids})"
