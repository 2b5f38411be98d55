"""What may come after a record, as pure functions: the whole policy of a budget.

Every function returns the record that would follow; whoever appends it may lose the race for its number, and asks
again with the record that won. In every record settled + held + open <= cap, what FLORA charged beyond its price
left aside.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from florist.campaigns.budget.counting import Counted
from florist.campaigns.budget.records import Hold, OpenBlock, OpenRow, Record

LOOK_LASTS = 10.0
"""Seconds for which a look at whether a block is closed stands in for another one."""
MARGIN = 2.0
"""Seconds that who settles waits beyond that: for the clocks of others, which run at other speeds."""

Fates = Mapping[str, Counted | None]
"""What has become of held keys, as their entries say; None: refused. A key that is missing was not looked for."""


class WantedRow(NamedTuple):
    """A row that is to be walked, and what may have to be paid for it: the price of each cell not paid for yet."""

    key: str
    slots: Mapping[str, int]
    techniques: frozenset[str] = frozenset()
    digest: str = ""

    @property
    def price(self) -> int:
        """What it costs at most, if nothing fails that is charged."""
        return sum(self.slots.values())


def first_record(wanted: int, spent: Iterable[Counted], *, since: int = 0) -> Record:
    """Return a budget's first record, of a campaign that may have cost something before."""
    settled, held = _sorted_out(spent)
    committed = settled + sum(hold.price for hold in held.values())
    return Record(wanted=wanted, cap=max(wanted, committed), settled=settled, held=held, since=since)


def folded(record: Record, fates: Fates) -> Record:
    """Return the record without the held keys whose entries are definite: charged ones are settled."""
    held = dict(record.held)
    settled = overcharged = 0
    for key in record.held.keys() & fates.keys():
        fate = fates[key]
        if fate is not None and fate.charge is None:
            held[key] = held[key].model_copy(update={"is_given_up": fate.is_given_up})
            continue
        charge = 0 if fate is None else fate.charge or 0
        settled += charge
        overcharged += max(0, charge - held.pop(key).price)
    return _charged(record, settled, overcharged, held=held)


def fitting(record: Record, rows: Iterable[WantedRow], *, limit: int) -> tuple[WantedRow, ...]:
    """Return the rows that may be authorised now, at most so many.

    In their order; what does not fit is skipped, so that nothing affordable waits for something dear. Rows in
    another open block, and rows of a request that is held, are left out.
    """
    taken = {key for block in record.open.values() for key in block.rows}
    taken |= {hold.row for hold in record.held.values() if not hold.is_given_up}
    room = 0 if record.frozen else record.free
    chosen: list[WantedRow] = []
    for row in rows:
        if row.key in taken or not row.slots or row.price > room or len(chosen) >= limit:
            continue
        room -= row.price
        chosen.append(row)
    return tuple(chosen)


def with_block(record: Record, rows: Sequence[WantedRow], *, number: int) -> Record:
    """Return the record of this number, which opens a block of these rows."""
    block = OpenBlock(
        rows={row.key: OpenRow(digest=row.digest, slots=row.slots) for row in rows},
        techniques=tuple(sorted({name for row in rows for name in row.techniques})),
    )
    dearest = max((row.price for row in rows), default=0)
    return _trimmed(record, open={**record.open, number: block}, row_price=max(record.row_price, dearest))


def settled(record: Record, block: int, spent: Iterable[Counted]) -> Record:
    """Return the record without an open block: what its own requests have cost is settled, or held.

    Args:
        spent: each request whose first `sent` names the block, as read after the block was closed.
    """
    settled_now, held = _sorted_out(each for each in spent if each.block == block)
    overcharged = sum(max(0, (each.charge or 0) - each.price) for each in spent if each.block == block)
    rest = {number: other for number, other in record.open.items() if number != block}
    return _charged(record, settled_now, overcharged, held={**record.held, **held}, open=rest)


def with_hold(record: Record, each: Counted, price: int) -> Record | None:
    """Return the record that holds `price` for a request in doubt; None if it does not fit."""
    hold = record.held.get(each.key)
    more = price - (hold.price if hold else 0)
    if record.frozen or more > record.free:
        return None
    return _trimmed(record, held={**record.held, each.key: _hold(each, price)})


def with_cap(record: Record, wanted: int) -> Record:
    """Return the record with another cap. A lower one takes back nothing that is spent or under way."""
    return record.model_copy(update={"wanted": wanted, "cap": max(wanted, record.committed - record.overcharged)})


def with_frozen(record: Record, reason: str) -> Record:
    """Return the record in which nothing more is authorised; or, without a reason, is again."""
    return record.model_copy(update={"frozen": reason})


def spent_of(known: Iterable[Counted], block: int | None) -> int:
    """Return what a block's own requests for a cell have cost, or may cost."""
    own = [each for each in known if each.block == block]
    return sum(each.price if each.charge is None else each.charge for each in own)


def covers(allowance: int, spent: int, price: int) -> bool:
    """Whether a block pays for a first request of a cell.

    Args:
        spent: what the block's own requests for this cell have cost, or may cost. A failed run that was charged
            leaves nothing: its next attempt is for a later block.
    """
    return allowance - spent >= price


def look_stands(by_wall: float, by_monotonic: float) -> bool:
    """Whether a look is young enough, its age taken after the PUT of `sent` has returned."""
    return 0.0 <= by_wall <= LOOK_LASTS and by_monotonic <= LOOK_LASTS


Repeat = Literal["send", "hold", "wait"]


def repeat_of(record: Record | None, each: Counted, price: int) -> Repeat:
    """Return what a request in doubt needs before it is sent again.

    Args:
        record: the newest one, where its block is closed, or it has none; None while its block is not closed.
        price: what it would cost now.
    """
    if record is None:
        return "send" if price <= each.price else "wait"
    hold = record.held.get(each.key)
    if hold is not None and hold.price >= price:
        return "send"
    return "wait" if hold is None and each.block in record.open else "hold"


def may_end(planned: int, newest: int) -> bool:
    """Whether one may end that found nothing to do: no record was appended meanwhile."""
    return planned == newest


def _sorted_out(spent: Iterable[Counted]) -> tuple[int, dict[str, Hold]]:
    charges, held = 0, {}
    for each in spent:
        if each.charge is None:
            held[each.key] = _hold(each, each.price)
        else:
            charges += each.charge
    return charges, held


def _hold(each: Counted, price: int) -> Hold:
    return Hold(
        price=price,
        technique_id=each.technique_id,
        row=each.row,
        step=each.step,
        is_given_up=each.is_given_up,
    )


def _charged(record: Record, settled_now: int, overcharged: int, **changes: object) -> Record:
    frozen = record.frozen
    if overcharged:
        frozen = "FLORA charged more than the price it had told"
    return _trimmed(
        record,
        settled=record.settled + settled_now,
        overcharged=record.overcharged + overcharged,
        frozen=frozen,
        **changes,
    )


def _trimmed(record: Record, **changes: object) -> Record:
    """Return a record with these changes; a cap that was lowered follows what is committed down to it."""
    following = record.model_copy(update=changes)
    committed = following.committed - following.overcharged
    return following.model_copy(update={"cap": max(record.wanted, min(record.cap, committed))})
