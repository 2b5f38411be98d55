"""Asks the budget's own rules what comes after a record of the model, which is kept as JSON: states are hashed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from florist.campaigns.budget import counting, rules
from florist.campaigns.budget.counting import Counted
from florist.campaigns.budget.records import Record
from florist.ledger import Entry, RunFacts, Send, State, Work
from florist.ledger.entries import GivenUp
from tests.campaigns.budget.model.states import Line, World

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICRO = Decimal("0.000001")
LIMIT = 9


@cache
def record_of(text: str) -> Record:
    return Record.model_validate_json(text)


def text_of(record: Record) -> str:
    return record.model_dump_json()


@cache
def first(cap: int) -> str:
    return text_of(rules.first_record(cap, ()))


def folded(world: World) -> str:
    """The newest record without what is definite: the entries are read after it."""
    held = record_of(world.record).held
    lines = tuple((key, world.rows[int(key[0])][int(key[2])]) for key in sorted(held))
    return _folded(world.record, lines)


@cache
def _folded(text: str, lines: tuple[tuple[str, Line], ...]) -> str:
    fates = {key: counting.fate(entry_of(int(key[0]), int(key[2]), line), key) for key, line in lines}
    return text_of(rules.folded(record_of(text), fates))


@cache
def fitting(text: str, rows: tuple[tuple[int, int], ...], limit: int) -> tuple[int, ...]:
    wanted = [rules.WantedRow(str(row), {"cell": price}) for row, price in rows]
    return tuple(int(row.key) for row in rules.fitting(record_of(text), wanted, limit=limit))


@cache
def with_block(text: str, rows: tuple[tuple[int, int], ...], number: int, plan: str) -> str:
    wanted = [rules.WantedRow(str(row), {"cell": price}, digest=plan) for row, price in rows]
    return text_of(rules.with_block(record_of(text), wanted, number=number))


@cache
def settled(text: str, block: int, spent: tuple[tuple[int, int, Line], ...]) -> str:
    known = [each for row, attempt, line in spent for each in counted(row, attempt, line)]
    return text_of(rules.settled(record_of(text), block, known))


@cache
def with_hold(text: str, row: int, attempt: int, line: Line, price: int) -> str | None:
    held = rules.with_hold(record_of(text), counted(row, attempt, line)[-1], price)
    return None if held is None else text_of(held)


@cache
def with_cap(text: str, wanted: int) -> str:
    return text_of(rules.with_cap(record_of(text), wanted))


@cache
def with_frozen(text: str) -> str:
    return text_of(rules.with_frozen(record_of(text), "charged more"))


@cache
def repeat_of(text: str | None, row: int, attempt: int, line: Line, price: int) -> str:
    return rules.repeat_of(None if text is None else record_of(text), counted(row, attempt, line)[-1], price)


def covers(text: str, block: int, row: int, lines: tuple[Line, ...], price: int) -> bool:
    """Whether a block pays for a first request of a row's cell, as who walks it knows its entries."""
    opened = record_of(text).open.get(block)
    if opened is None or str(row) not in opened.rows:
        return False
    return _covers(opened.rows[str(row)].slots["cell"], row, lines, block, price)


@cache
def _covers(allowance: int, row: int, lines: tuple[Line, ...], block: int, price: int) -> bool:
    known = [each for attempt, line in enumerate(lines) for each in counted(row, attempt, line)]
    return rules.covers(allowance, rules.spent_of(known, block), price)


@cache
def counted(row: int, attempt: int, line: Line) -> tuple[Counted, ...]:
    return counting.counted(entry_of(row, attempt, line))


@cache
def entry_of(row: int, attempt: int, line: Line) -> Entry:
    """A line of the model as the ledger would have it."""
    has_sent = line.stand in {"sent", "ended", "failed"}
    send = Send(
        sent_at=NOON,
        settles_at=NOON,
        fingerprint="key-a",
        owner="a",
        block=line.block if line.block >= 0 else None,
        price_micro=line.price,
    )
    ended = RunFacts(status="failed" if line.stand == "failed" else "completed", charged_usd=line.charge * MICRO)
    return Entry(
        key=f"{row}.{attempt}",
        work=Work(technique_id="tech_1", inputs=(), campaign="spring", row=str(row), step="cell"),
        state=State.SENT if line.stand == "sent" else State.FINISHED,
        recorded_at=NOON,
        owner="a",
        renewals=line.renewals,
        sends=(send,) if has_sent else (),
        given_up=tuple(
            GivenUp(idempotency_key=f"{row}.{attempt}-{renewals}", block=block, price_micro=price)
            for renewals, block, price in line.given_up
        ),
        ended=ended if line.stand in {"ended", "failed"} else None,
    )


def held_rows(text: str) -> set[int]:
    return {int(hold.row) for hold in record_of(text).held.values() if not hold.is_given_up}


CACHED: Iterable = (
    record_of, first, _folded, fitting, with_block, settled, with_hold, with_cap, with_frozen, repeat_of, _covers,
    counted, entry_of,
)  # fmt: skip


def forget_decisions() -> None:
    """Forget what the rules have said: a test has changed them."""
    for decision in CACHED:
        decision.cache_clear()
