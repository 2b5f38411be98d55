"""Everything that may happen next in a state of the model, with its name and the state after it."""

from collections.abc import Iterator

from florist.ledger.promises import Belief, Observation, Promise
from florist.ledger.recovery_rules import Adopt, Review, SendAgain, StartAnew
from tests.ledger.model.deciding import decided, number_of
from tests.ledger.model.states import (
    FLORA_REMEMBERS,
    LAST_TICK,
    STRANGER,
    Answer,
    Flight,
    KnownKey,
    Made,
    Row,
    Sent,
    Setting,
    World,
)
from tests.ledger.virtual_time import BEGINNING

Move = tuple[str, World]


def moves(world: World, setting: Setting) -> Iterator[Move]:
    """Return what may happen next."""
    for index, row in enumerate(world.rows):
        if row.flight is not None:
            yield from _of_flight(world, setting, index, row, row.flight)
        elif row.stand in {"new", "refused"}:
            yield f"{index} is sent", _sent(world, setting, index, row, keeps=False)
        if row.is_unresolved and (row.flight is None or row.flight.is_lost):
            yield from _resolved(world, setting, index, row)
    for number, run in enumerate(world.runs):
        if not run.is_shown:
            yield f"history shows run {number}", world.with_run(number, run._replace(is_shown=True))
    yield from _of_others(world, setting)


def learnt(answer: Answer, *, is_repeat: bool) -> Promise | None:
    """Return what an answer tells of FLORA's promise, as the sender reads it."""
    if not is_repeat:
        return None
    if answer.kind == "run":
        return Promise.REPLAY if answer.is_replayed else None
    return Promise.REFUSE if answer.kind in {"duplicate", "conflict"} else None


def _of_others(world: World, setting: Setting) -> Iterator[Move]:
    """Return what may happen that is no doing of the ledger's."""
    if world.strangers:
        stranger = Made(STRANGER, world.tick)
        yield (
            "a stranger runs it",
            world._replace(strangers=world.strangers - 1, runs=(*world.runs, stranger)),
        )
    if world.resigns:
        for index, row in enumerate(world.rows):
            if row.is_unresolved:
                signed = world.with_row(index, row._replace(body=row.body + 1))
                yield f"{index} would be signed by another key", signed._replace(resigns=world.resigns - 1)
    if world.becomes:
        yield f"FLORA turns to {world.becomes}", world._replace(provider=world.becomes, becomes="")
    if world.tick < LAST_TICK and _may_pass(world, setting):
        yield "time passes", _later(world)


def _body_again(setting: Setting, row: Row) -> int:
    """Return the body that a repeated request would have."""
    return row.body if setting.has_same_body else row.body + 1


def _is_same_body(row: Row, body: int) -> bool:
    return all(send.body == body for send in row.sends)


def _sent(world: World, setting: Setting, index: int, row: Row, *, keeps: bool) -> World:
    kept = row.sends if keeps else ()
    body = _body_again(setting, row) if keeps else row.body
    shown = (
        ()
        if keeps
        else tuple(number for number, run in enumerate(world.runs) if run.is_shown and run.claimant is None)
    )
    send = Sent(world.tick, shown, body)
    return world.with_row(
        index,
        row._replace(
            stand="sent",
            sends=(*kept, send) if send not in kept else kept,
            flight=Flight(bool(kept), body, _is_same_body(row, body)),
            body=body,
            proved_by=row.proved_by if keeps else None,
        ),
    )


def _of_flight(world: World, setting: Setting, index: int, row: Row, flight: Flight) -> Iterator[Move]:
    if flight.answer is None:
        yield from _processed(world, setting, index, row, flight)
        if not flight.is_lost and world.losses:
            lost = world.with_row(index, row._replace(flight=flight._replace(is_lost=True)))
            yield f"{index}'s sender is gone", lost._replace(losses=world.losses - 1)
        return
    run = flight.answer.run
    if run >= 0 and world.runs[run].claimant == index:
        # It has left its place at the gate: the others go on meanwhile.
        yield f"{index}'s sender records run {run}", _adopted(world, index, row, run)
        if world.crashes:
            dead = world.with_row(index, row._replace(flight=None))
            yield f"{index}'s sender dies before the record", dead._replace(crashes=world.crashes - 1)
        return
    yield f"{index} is answered {_said(flight.answer)}", _answered(world, setting, index, row, flight)
    if world.losses:
        lost = world.with_row(index, row._replace(flight=None))
        yield f"{index}'s answer is lost", lost._replace(losses=world.losses - 1)


def _processed(world: World, setting: Setting, index: int, row: Row, flight: Flight) -> Iterator[Move]:
    known = next(
        (
            key
            for key in world.keys
            if (key.row, key.renewals) == (index, row.renewals)
            and (world.tick - key.tick < FLORA_REMEMBERS or setting.prepaid)
        ),
        None,
    )
    is_new = known is None or world.provider == "neither"
    if world.provider == "replay-equal-else-new":
        is_new = is_new or known.body != flight.body
    if known is not None and not is_new:
        yield f"FLORA knows {index}", _with_answer(world, index, row, _again(world, flight, known))
        return
    number = len(world.runs)
    made = world._replace(
        runs=(*world.runs, Made(index, world.tick)),
        keys=(*world.keys, KnownKey(index, row.renewals, world.tick, number, flight.body)),
    )
    yield f"FLORA makes run {number} of {index}", _with_answer(made, index, row, Answer("run", number))
    if world.burns:
        burnt = world._replace(
            burns=world.burns - 1,
            keys=(*world.keys, KnownKey(index, row.renewals, world.tick, None)),
        )
        yield f"FLORA refuses {index} and keeps its key", _with_answer(burnt, index, row, Answer("402"))


def _again(world: World, flight: Flight, known: KnownKey) -> Answer:
    if world.provider == "duplicate":
        return Answer("duplicate")
    if world.provider == "replay-equal" and known.body != flight.body:
        return Answer("conflict")
    if known.run is None:
        return Answer("402", is_replayed=True)
    return Answer("run", known.run, is_replayed=True)


def _with_answer(world: World, index: int, row: Row, answer: Answer) -> World:
    flight = row.flight
    assert flight is not None
    return world.with_row(index, row._replace(flight=None if flight.is_lost else flight._replace(answer=answer)))


def _answered(world: World, setting: Setting, index: int, row: Row, flight: Flight) -> World:
    answer = flight.answer
    assert answer is not None
    promise = learnt(answer, is_repeat=flight.is_repeat)
    if promise is not None:
        world = world._replace(belief=_after(world.belief, promise, is_same_body=flight.is_same_body))
    if answer.kind == "run" and world.runs[answer.run].claimant is None:
        return world.with_run(answer.run, world.runs[answer.run]._replace(claimant=index))
    row = row._replace(flight=None)
    if answer.kind == "run":
        return _adopted(world, index, row, answer.run)
    kept = row.sends[:-1] if flight.is_repeat else row.sends
    if answer.kind == "402":
        world = world._replace(was_balance_empty=True)
        if flight.is_repeat and not answer.is_replayed:
            return world.with_row(index, row._replace(sends=kept))
        refused = row._replace(stand="refused", sends=(), proved_by=None, renewals=row.renewals + 1)
        return world.with_row(index, refused)
    proved_by = "repeat" if flight.is_repeat else "first request"
    return world.with_row(index, row._replace(sends=kept, proved_by=proved_by))


def _adopted(world: World, index: int, row: Row, number: int) -> World:
    run = world.runs[number]
    if run.claimant not in {None, index}:
        return world.with_row(index, row._replace(stand="review", flight=None))
    claimed = world.with_run(number, run._replace(claimant=index))
    return claimed.with_row(index, row._replace(stand="started", run=number, flight=None))


def _resolved(world: World, setting: Setting, index: int, row: Row) -> Iterator[Move]:
    promise = world.belief.about(is_same_body=_is_same_body(row, _body_again(setting, row)))
    for is_patient in (True, False):
        match decided(world, index, promise, is_patient=is_patient):
            case Adopt(run_id, _, by):
                after = _adopted(world, index, row, number_of(run_id))
                yield f"{index} adopts {run_id} ({by})", after
            case SendAgain():
                yield f"{index} is sent again", _sent(world, setting, index, row, keeps=True)
            case StartAnew():
                yield f"{index} is started anew", _sent(world, setting, index, row, keeps=False)
            case Review(reason) if row.stand != "review":
                yield f"{index} is for review: {reason}", world.with_row(index, row._replace(stand="review"))


def _may_pass(world: World, setting: Setting) -> bool:
    """Whether this tick may end: no answer is outstanding, and history keeps up, unless it may be late."""
    is_waiting = any(row.flight is not None and not row.flight.is_lost for row in world.rows)
    is_behind = any(run.tick < world.tick and not run.is_shown for run in world.runs)
    return not is_waiting and (setting.is_late or not is_behind)


def _later(world: World) -> World:
    rows = tuple(row._replace(flight=None) for row in world.rows)
    return world._replace(tick=world.tick + 1, rows=rows)


def _after(belief: Belief, promise: Promise, *, is_same_body: bool) -> Belief:
    seen = Observation(promise=promise, is_same_body=is_same_body, seen_at=BEGINNING, age_seconds=1.0)
    return belief.after(seen)


def _said(answer: Answer) -> str:
    return f"{answer.kind} {answer.run}" if answer.run >= 0 else answer.kind + " (replayed)" * answer.is_replayed
