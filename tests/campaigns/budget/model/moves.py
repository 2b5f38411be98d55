"""Everything that may happen next in a state of the model, with its name and the state after it."""

from collections.abc import Iterator

from florist.campaigns.budget import rules
from tests.campaigns.budget.model import deciding
from tests.campaigns.budget.model.states import Act, Charge, Line, Order, Process, Setting, World

Move = tuple[str, World]
LEASED = {"judge", "post"}
OLD = rules.LOOK_LASTS + 1.0
YOUNG = rules.LOOK_LASTS / 2


def moves(world: World, setting: Setting, order: Order) -> Iterator[Move]:
    """Return what may happen next."""
    for index, process in enumerate(world.processes):
        if process.mode == "ended":
            continue
        for name, moved in _of_process(world, setting, order, index, process):
            yield f"{index} {name}", moved
        crashed = world.less("crashes")
        if crashed is not None:
            yield f"{index} is killed", _begun(crashed, index)
    risen = world.less("rises")
    if risen is not None:
        yield "a price rises", risen._replace(prices=(world.prices[0] + 1, *world.prices[1:]))
    yield from _restarted(world)
    lowered = world.less("lowers")
    if lowered is not None:
        wanted = deciding.record_of(world.record).wanted - 1
        yield "the cap is lowered", _appended(lowered, deciding.with_cap(deciding.folded(lowered), wanted))


def _restarted(world: World) -> Iterator[Move]:
    restarted = world.less("restarts")
    for row, lines in enumerate(world.rows if restarted is not None else ()):
        leased = any(each.act and each.act.row == row and each.act.stage in LEASED for each in world.processes)
        for attempt, line in enumerate(lines):
            if restarted is not None and line.stand == "sent" and not leased:
                given_up = (*line.given_up, (line.renewals, line.block, line.price))
                anew = Line("refused", line.renewals + 1, given_up=given_up)
                yield f"a person restarts {row}", restarted.with_line(row, attempt, anew)


def _begun(world: World, index: int) -> World:
    pending = tuple(row for row in range(len(world.rows)) if not world.is_done(row))
    fresh = Process(world.processes[index].plan, pending=pending)
    return world._replace(processes=(*world.processes[:index], fresh, *world.processes[index + 1 :]))


def begun(world: World) -> World:
    for index in range(len(world.processes)):
        world = _begun(world, index)
    return world


def _appended(world: World, record: str) -> World:
    return world._replace(record=record, number=world.number + 1)


def _of_process(world: World, setting: Setting, order: Order, index: int, process: Process) -> Iterator[Move]:
    if process.mode == "idle":
        yield from _planned(world, setting, order, index, process)
    elif process.mode == "walk":
        yield from _walked(world, order, index, process)
    elif process.mode == "end":
        is_over = rules.may_end(process.planned, world.number)
        yield "looks once more", world.with_process(index, mode="ended" if is_over else "idle", joined=())
    else:
        yield from _settled(world, order, index, process)


def _planned(world: World, setting: Setting, order: Order, index: int, process: Process) -> Iterator[Move]:
    record = deciding.folded(world)
    rows = tuple((row, world.prices[row]) for row in process.pending if row not in process.unheld)
    chosen = deciding.fitting(record, rows, setting.limit)
    number = world.number + 1
    if not process.pending:
        yield "has nothing to do", world.with_process(index, mode="ended")
        return
    if chosen:
        wanted = tuple((row, world.prices[row]) for row in chosen)
        opened = _appended(world, deciding.with_block(record, wanted, number, process.plan))
        yield (
            f"authorises {chosen}",
            opened.with_process(index, mode="walk", block=number, todo=chosen, walking=chosen, refused=()),
        )
        return
    first = {*deciding.held_rows(record), *process.unheld}
    held = tuple(row for row in process.pending if row in first)
    if held and process.planned != world.number:
        yield (
            "walks what is held",
            world.with_process(
                index, mode="walk", block=-1, todo=held, walking=held, refused=(), planned=world.number, unheld=()
            ),
        )
        return
    yield from _released(world, order, index, process, record)


def _released(world: World, order: Order, index: int, process: Process, record: str) -> Iterator[Move]:
    ended = {"mode": "end", "planned": world.number}
    frozen = deciding.record_of(record).frozen
    opened = {} if frozen else deciding.record_of(record).open
    for number, block in opened.items():
        rows = tuple(int(key) for key, row in block.rows.items() if row.digest == process.plan)
        shared = tuple(row for row in rows if row in process.pending)
        if number in world.closed:
            if order.releases:
                yield f"settles {number}", world.with_process(index, mode="wait", foreign=number, **_at(world))
        elif shared and number not in process.joined:
            if order.resumes:
                yield (
                    f"joins {number}",
                    world.with_process(
                        index,
                        mode="walk",
                        block=number,
                        todo=shared,
                        walking=shared,
                        refused=(),
                        joined=(*process.joined, number),
                    ),
                )
        elif order.releases:
            is_alive = any(other.block == number for other in world.processes)
            after = world.less("hasty") if is_alive else world
            if after is not None:
                yield f"closes {number}", after.with_process(index, mode="close", foreign=number, **_at(world))
    if not opened:
        moved = world if record == world.record else _appended(world, record)
        ended["planned"] = world.number
        yield "finds nothing to do", moved.with_process(index, **ended)
    elif not order.releases or not order.resumes:
        yield "gives up", world.with_process(index, **ended)


def _at(world: World) -> dict[str, int]:
    return {"planned": world.number}


def _walked(world: World, order: Order, index: int, process: Process) -> Iterator[Move]:
    if process.act is not None:
        yield from _acted(world, order, index, process, process.act)
        return
    if not process.todo or process.is_empty:
        mode = "close" if process.block >= 0 else _after_walk(process)
        yield "has walked", _rows_left(world.with_process(index, mode=mode), index, process)
        return
    row = process.todo[0]
    attempt = next((number for number, line in enumerate(world.rows[row]) if line.stand not in {"failed"}), None)
    line = None if attempt is None else world.rows[row][attempt]
    if line is None or attempt is None or line.stand == "ended":
        yield f"finds {row} done", world.with_process(index, todo=process.todo[1:])
        return
    if any(other.act and other.act.row == row and other.act.stage in LEASED for other in world.processes):
        return  # whoever comes second waits
    if line.stand == "sent":
        yield from _repeated(world, index, process, row, attempt, line)
        return
    price = world.prices[row]
    if not deciding.covers(world.record, process.block, row, world.rows[row], price):
        yield f"has nothing for {row}", _held_back(world, index, process, row)
        return
    act = Act(row, attempt, "look", price, process.block, line)
    yield f"is to send {row}", world.with_process(index, act=act)


def _after_walk(process: Process) -> str:
    return "ended" if process.is_empty else "idle"


def _held_back(world: World, index: int, process: Process, row: int) -> World:
    return world.with_process(index, act=None, todo=process.todo[1:], refused=(*process.refused, row))


def _rows_left(world: World, index: int, process: Process) -> World:
    """Take the rows that were walked off the list, save those that were held back."""
    walked = set(process.walking) - set(process.refused) - set(process.todo)
    pending = tuple(row for row in process.pending if row not in walked)
    return world.with_process(index, pending=pending)


def _repeated(world: World, index: int, process: Process, row: int, attempt: int, line: Line) -> Iterator[Move]:
    price = world.prices[row]
    act = Act(row, attempt, "judge", price, line.block, line, is_repeat=True)
    if line.block not in world.closed:
        if deciding.repeat_of(None, row, attempt, line, price) == "send":
            sending = act._replace(stage="put")
            yield f"repeats {row}", world.with_process(index, act=sending, looked=line.block)
        else:
            yield f"waits with {row}", _held_back(world, index, process, row)
        return
    match deciding.repeat_of(world.record, row, attempt, line, price):
        case "send":
            yield f"repeats held {row}", world.with_process(index, act=act._replace(stage="put", is_held=True))
        case "hold":
            yield f"is to hold {row}", world.with_process(index, act=act._replace(stage="hold"))
        case _:
            yield f"waits with {row}", _held_back(world, index, process, row)


def _acted(world: World, order: Order, index: int, process: Process, act: Act) -> Iterator[Move]:
    line = world.rows[act.row][act.attempt]
    if act.stage in {"look", "put"} and line != act.line:
        yield "has lost the race", world.with_process(index, act=None)
    elif act.stage == "look":
        yield from _looked(world, order, index, process, act)
    elif act.stage == "hold":
        yield from _holding(world, order, index, process, act, line)
    elif act.stage == "put":
        yield from _put(world, order, index, process, act, line)
    elif act.stage == "post":
        yield from _posted(world, index, process, act, line)
    elif act.is_held or act.is_judged or not order.looks or not order.looks_after_sent:
        yield "goes on", world.with_process(index, act=act._replace(stage="post"))
    else:
        yield from _judged(world, index, process, act, line, following="post")


def _looked(world: World, order: Order, index: int, process: Process, act: Act) -> Iterator[Move]:
    """Look before `sent` is written, unless a look is at hand: this one saves a record, and decides nothing."""
    going_on = act._replace(stage="put")
    if not order.looks or (process.looked == act.block and act.block not in world.waited):
        yield "needs no look", world.with_process(index, act=going_on)
    if order.looks and act.block in world.closed:
        yield "sees it closed", _held_back(world, index, process, act.row)
    elif order.looks:
        yield "looks", world.with_process(index, act=going_on, looked=act.block)


def _put(world: World, order: Order, index: int, process: Process, act: Act, line: Line) -> Iterator[Move]:
    if not order.reads_clock_after_put and not act.is_judged and not act.is_held:
        yield from _judged(world, index, process, act._replace(is_judged=True), line, following="put")
        return
    price = act.price if order.reads_price_once else world.prices[act.row]
    sent = line._replace(stand="sent", block=act.block, price=max(price, line.price))
    put = world.with_line(act.row, act.attempt, sent)
    yield "records sent", put.with_process(index, act=act._replace(stage="judge", price=price, line=sent))


def _judged(world: World, index: int, process: Process, act: Act, line: Line, *, following: str) -> Iterator[Move]:
    """A look that is too old is made anew; one that is young enough stands, whatever has been closed."""
    if process.looked == act.block:
        for age in (OLD,) if act.block in world.waited else (YOUNG,):
            if rules.look_stands(age, age):
                yield "trusts its look", world.with_process(index, act=act._replace(stage=following))
    if act.block not in world.closed:
        yield "looks again", world.with_process(index, act=act._replace(stage=following), looked=act.block)
        return
    if following == "put":
        yield "sees it closed", _held_back(world, index, process, act.row)
        return
    stands = line if act.is_repeat else _refused(line)
    taken_back = world.with_line(act.row, act.attempt, stands)
    yield "takes it back", _held_back(taken_back, index, taken_back.processes[index], act.row)


def _holding(world: World, order: Order, index: int, process: Process, act: Act, line: Line) -> Iterator[Move]:
    if order.rereads_entry and line != act.line:
        yield "finds it resolved", world.with_process(index, act=None)
        return
    known = act.line
    held = deciding.with_hold(deciding.folded(world), act.row, act.attempt, known, act.price)
    if held is None:
        unheld = tuple(sorted({*process.unheld, act.row})) if order.holds_before_setting_aside else ()
        yield "cannot hold it", _held_back(world, index, process, act.row).with_process(index, unheld=unheld)
        return
    holding = act._replace(stage="put", is_held=True)
    yield "holds it", _appended(world, held).with_process(index, act=holding)


def _posted(world: World, index: int, process: Process, act: Act, line: Line) -> Iterator[Move]:
    row, attempt = act.row, act.attempt
    over = {"act": None}
    lost = world.less("losses")
    if lost is not None:
        yield "sends in vain", _gone(lost, index, process)
    known = next((each for each in world.known if each[:3] == (row, attempt, line.renewals)), None)
    if known is not None:
        yield "is answered again", _answered(world, known, line).with_process(index, **over)
        return
    price = act.price
    kinds = [("pays", None, False, price), ("fails", "failures", False, 0)]
    kinds += [
        ("pays for a failure", "charged_failures", True, price),
        ("pays too much", "excess", False, price + 1),
    ]
    for name, fault, is_failed, charge in kinds:
        after = world if fault is None else world.less(fault)
        if after is None:
            continue
        made = Charge(row, attempt, line.renewals, is_failed or fault == "failures", charge)
        beyond = after.excess + max(0, charge - price)
        after = after._replace(known=tuple(sorted((*after.known, made))), excess=beyond)
        ended = _answered(after, made, line).with_process(index, **over)
        if fault == "excess":
            ended = _frozen(ended)
        yield name, ended
        if fault is None and lost is not None:
            unheard = lost._replace(known=after.known)
            yield "pays unheard", _gone(unheard, index, process)
    refused = world.less("refusals")
    empty = world.less("empties")
    for name, after, is_empty in (("is refused", refused, False), ("has no balance", empty, True)):
        if after is not None:
            back = after.with_line(row, attempt, _refused(line))
            yield name, back.with_process(index, act=None, is_empty=is_empty)


def _refused(line: Line) -> Line:
    return Line("refused", line.renewals + 1, given_up=line.given_up)


def _gone(world: World, index: int, process: Process) -> World:
    """The answer is lost: the row ends for now, unresolved."""
    return world.with_process(index, act=None, todo=process.todo[1:], refused=(*process.refused, process.todo[0]))


def _answered(world: World, made: Charge, line: Line) -> World:
    stand = "failed" if made.is_failed else "ended"
    return world.with_line(made.row, made.attempt, line._replace(stand=stand, charge=made.charge))


def _frozen(world: World) -> World:
    frozen = deciding.with_frozen(deciding.folded(world))
    closed = {*world.closed, *deciding.record_of(frozen).open}
    return _appended(world, frozen)._replace(closed=tuple(sorted(closed)))


def _settled(world: World, order: Order, index: int, process: Process) -> Iterator[Move]:
    block = process.foreign if process.foreign >= 0 else process.block
    if process.mode == "close":
        closed = world._replace(closed=tuple(sorted({*world.closed, block})))
        if block not in deciding.record_of(world.record).open:
            yield f"finds {block} settled", _over(world, index, process)
        elif order.reads_after_closing:
            is_over = process.foreign < 0 and _is_over(world, block)
            yield f"closes {block}", closed.with_process(index, mode="read" if is_over else "wait")
        else:
            yield f"reads {block}", world.with_process(index, mode="shut", spent=_spent(world))
    elif process.mode == "shut":
        closed = world._replace(closed=tuple(sorted({*world.closed, block})))
        yield f"closes {block}", closed.with_process(index, mode="append")
    elif process.mode == "wait":
        waited = world._replace(waited=tuple(sorted({*world.waited, block})))
        yield "waits", waited.with_process(index, mode="read")
    elif process.mode == "read":
        yield "reads", world.with_process(index, mode="append", spent=_spent(world))
    elif block in deciding.record_of(world.record).open:
        after = _appended(world, deciding.settled(deciding.folded(world), block, process.spent))
        yield f"settles {block}", _over(after, index, process)
    else:
        yield f"finds {block} settled", _over(world, index, process)


def _is_over(world: World, block: int) -> bool:
    rows = deciding.record_of(world.record).open[block].rows
    return all(any(line.stand == "ended" for line in world.rows[int(row)]) for row in rows)


def _spent(world: World) -> tuple[tuple[int, int, Line], ...]:
    return tuple(
        (row, attempt, line)
        for row, lines in enumerate(world.rows)
        for attempt, line in enumerate(lines)
        if line.stand in {"sent", "ended", "failed"} or line.given_up
    )


def _over(world: World, index: int, process: Process) -> World:
    if process.foreign >= 0:
        return world.with_process(index, mode="end", foreign=-1, spent=())
    mode = _after_walk(process)
    return world.with_process(index, mode=mode, block=-1, todo=(), refused=(), spent=(), looked=-1)
