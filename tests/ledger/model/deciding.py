"""Asks the ledger's own rules what to do about an unresolved entry of the model."""

from datetime import datetime, timedelta
from functools import cache

from florist.api.models import Run, RunStatus
from florist.ledger import recovery_rules as rules
from florist.ledger.entries import Entry, Send, State
from florist.ledger.promises import Promise
from tests.ledger.model.states import SECONDS_OF_A_TICK, TIMING, Made, Row, World
from tests.ledger.virtual_time import BEGINNING
from tests.ledger.world import work

Decision = rules.FirstStep | rules.Conclusion
ENTRY_WORK = work()


def decided(world: World, index: int, promise: Promise, *, is_patient: bool) -> Decision | None:
    """Return what the rules say; None as long as the request may still be at work."""
    row = world.rows[index]
    others = tuple(
        (number, other.sends) for number, other in enumerate(world.rows) if number != index and other.is_unresolved
    )
    shown = tuple((number, run) for number, run in enumerate(world.runs) if run.is_shown)
    return _decided(
        index, row._replace(flight=None), others, shown, world.was_balance_empty, world.tick, promise, is_patient
    )


@cache
def _decided(
    index: int,
    row: Row,
    others: tuple[tuple[int, tuple], ...],
    shown: tuple[tuple[int, Made], ...],
    was_balance_empty: bool,
    tick: int,
    promise: Promise,
    is_patient: bool,
) -> Decision | None:
    entry, now = _entry(index, row.sends, row.proved_by), _at(tick)
    watching = {"now": now, "watched": timedelta(), "is_clock_trusted": True, "timing": TIMING}
    if not rules.is_settled(entry, **watching):
        return None
    situation = rules.Situation(
        promise=promise,
        is_remembered=rules.is_remembered(entry, now=now, is_clock_trusted=True, timing=TIMING),
        is_mature=rules.is_mature(entry, **watching),
        is_patient=is_patient,
    )
    step = rules.first_step(entry, situation, fingerprint="key-a", told=None, has_history=True)
    if not isinstance(step, rules.Look):
        return step
    seen = _evidence(entry, others, shown)
    found = rules.conclusion(entry, seen, situation, timing=TIMING)
    if isinstance(found, rules.Adopt) and found.by == "adopted by time":
        doubts = ("the balance was empty",) * was_balance_empty
        doubts += ("somebody else runs it",) * _others_run_it(entry, seen, shown)
        seen = rules.Evidence(seen.runs, seen.claims, seen.rivals, doubts)
        found = rules.conclusion(entry, seen, situation, timing=TIMING)
    return found


def number_of(run_id: str) -> int:
    return int(run_id.removeprefix("run_"))


def _evidence(entry: Entry, others: tuple, shown: tuple) -> rules.Evidence:
    slack = timedelta(seconds=TIMING.absence_skew)
    runs = tuple(run for run in (_run(number, made) for number, made in shown) if entry.may_have_made(run, slack))
    rivals = [_entry(number, sends, None) for number, sends in others]
    return rules.Evidence(
        runs=runs,
        claims=_claims(shown),
        rivals=tuple(each.key for each in rivals if entry.overlaps(each, timedelta(seconds=TIMING.skew))),
    )


def _others_run_it(entry: Entry, seen: rules.Evidence, shown: tuple) -> bool:
    candidates = rules.candidates_of(entry, seen, timedelta(seconds=TIMING.skew))
    known = {candidate.run_id for candidate in candidates} | set(_claims(shown))
    return any(f"run_{number}" not in known for number, _ in shown)


def _claims(shown: tuple) -> dict[str, str]:
    return {f"run_{number}": _key(made.claimant) for number, made in shown if made.claimant is not None}


@cache
def _entry(index: int, sends: tuple, proved_by: str | None) -> Entry:
    return Entry(
        key=_key(index),
        work=ENTRY_WORK,
        state=State.SENT,
        recorded_at=BEGINNING,
        owner="a",
        proved_by=proved_by,
        sends=tuple(
            Send(
                sent_at=_at(send.tick),
                settles_at=_at(send.tick) + TIMING.open_for,
                fingerprint="key-a",
                owner="a",
                shown_before=tuple(f"run_{number}" for number in send.shown_before),
            )
            for send in sends
        ),
    )


@cache
def _run(number: int, made: Made) -> Run:
    return Run(run_id=f"run_{number}", status=RunStatus.RUNNING, created_at=_at(made.tick))


def _key(index: int | None) -> str:
    return f"entry-{index}"


def _at(tick: int) -> datetime:
    return BEGINNING + timedelta(seconds=SECONDS_OF_A_TICK * tick)


def forget_decisions() -> None:
    """Forget what the rules have said: a test has changed them."""
    _decided.cache_clear()
