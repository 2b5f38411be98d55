"""The ledger for people: lines of a table, and what is under way."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from florist.frozen import FrozenModel
from florist.ledger.entries import Entry, StartedBy, State
from florist.ledger.ledger import UnreadableEntry


class Line(FrozenModel):
    """One entry, as a table shows it. Print it, or dump it as JSON."""

    key: str
    state: State
    campaign: str
    row: str
    step: str
    variation: int
    attempt: int
    technique_id: str
    run_id: str
    started_by: StartedBy | None
    charged_usd: Decimal | None
    changed_at: datetime
    note: str


class UnreadableLine(FrozenModel):
    """An entry of which neither campaign nor state can be told, in the table."""

    key: str
    state: Literal["unreadable"] = "unreadable"
    path: str
    changed_at: datetime
    note: str = "damaged, or of a later version of Florist; nothing is paid for it until it can be read"


class InFlight(FrozenModel):
    """What goes on at FLORA without us."""

    run_ids: tuple[str, ...]
    price_usd: Decimal | None

    def __str__(self) -> str:
        count = len(self.run_ids)
        price = "" if self.price_usd is None else f", ${self.price_usd:.2f},"
        return f"{count} run{'s' * (count != 1)}{price} go{'es' * (count == 1)} on at FLORA"


def lines(
    entries: Iterable[Entry],
    *,
    states: Sequence[State] = (),
    campaign: str | None = None,
    row: str | None = None,
    step: str | None = None,
    technique_id: str | None = None,
) -> list[Line]:
    """Return the entries that fit every filter given, by campaign, row, step, variation and attempt."""
    wanted = {"campaign": campaign, "row": row, "step": step, "technique_id": technique_id}
    fitting = [
        _line(entry)
        for entry in entries
        if (not states or entry.state in states)
        and all(value is None or getattr(entry.work, name) == value for name, value in wanted.items())
    ]
    return sorted(
        fitting, key=lambda line: (line.campaign, line.row, line.step, line.variation, line.attempt, line.key)
    )


def unreadable_lines(entries: Iterable[UnreadableEntry]) -> list[UnreadableLine]:
    """Return the entries that cannot be read, whatever campaign they may be of."""
    return [UnreadableLine(key=each.key, path=each.path, changed_at=each.recorded_at) for each in entries]


def in_flight(entries: Iterable[Entry]) -> InFlight:
    """Return the runs that are paid for and of which no end is recorded; the price only if all are known."""
    started = [entry for entry in entries if entry.state is State.STARTED]
    prices = [entry.price_usd for entry in started]
    known = [price for price in prices if price is not None]
    return InFlight(
        run_ids=tuple(entry.run_id or "" for entry in started),
        price_usd=sum(known, Decimal()) if len(known) == len(prices) else None,
    )


def _line(entry: Entry) -> Line:
    work = entry.work
    return Line(
        key=entry.key,
        state=entry.state,
        campaign=work.campaign or "",
        row=work.row,
        step=work.step,
        variation=work.variation,
        attempt=work.attempt,
        technique_id=work.technique_id,
        run_id=entry.run_id or "",
        started_by=entry.started_by,
        charged_usd=entry.ended.charged_usd if entry.ended else None,
        changed_at=entry.recorded_at,
        note=entry.note,
    )
