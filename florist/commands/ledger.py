"""`florist ledger`: what was asked for, what is paid for, and what a person has to decide."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter
from pydantic import BaseModel

from florist.amounts import shown_usd
from florist.commands.terminal import asked, print_table, remark, say
from florist.ledger import Entry, Ledger, Line, State, adopt, explanation, lines, nearest, restart
from florist.ledger.errors import EntryBusyError
from florist.stores.locations import store_at
from florist.studio.campaigns import campaign_name

T = TypeVar("T")

ledger_app = App(name="ledger", help="What was asked for, what is paid for, and what a person has to decide.")

Archive = Annotated[str, Parameter(help="The archive the ledger is kept in: a folder, or s3://bucket/prefix.")]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")]

DEFAULT_ARCHIVE = "florist-archive"


@ledger_app.command(name="list")
def list_entries(
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    campaign: str | None = None,
    row: str | None = None,
    step: str | None = None,
    state: Annotated[tuple[State, ...], Parameter(negative=())] = (),
    as_json: AsJson = False,
) -> None:
    """List the entries that fit, with their runs and what they were charged.

    Args:
        state: only these, such as needs-review; may be given several times.
    """
    entries = _with_ledger(archive, lambda ledger: ledger.entries())
    name = campaign if campaign is None else campaign_name(campaign)
    found = lines(entries, states=state, campaign=name, row=row, step=step)
    if as_json:
        _print_json(found)
        return
    print_table(
        ("Key", "State", "Campaign", "Row", "Step", "Attempt", "Run", "Charged", "Note"),
        [_cells(line) for line in found],
        right=("Charged",),
    )
    charges = [line.charged_usd for line in found if line.charged_usd is not None]
    remark(f"{len(found)} entries, {shown_usd(sum(charges))} charged, in {store_at(archive).location}")


@ledger_app.command
def show(key: str, /, *, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False) -> None:
    """Tell one entry's whole history, record by record.

    Args:
        key: the entry's key, or enough of its beginning.
    """

    async def history(ledger: Ledger) -> tuple[Entry, ...]:
        return await ledger.records(await ledger.find(key))

    records = _with_ledger(archive, history)
    if as_json:
        _print_json(records)
        return
    say(f"{records[-1].key}  {records[-1].state}")
    rows = [
        (f"{r.number}", r.state, f"{r.recorded_at:%Y-%m-%d %H:%M:%S}", r.run_id or "", r.note) for r in records
    ]
    print_table(("", "State", "At", "Run", "Note"), rows)
    for candidate in records[-1].candidates:
        say(f"candidate {candidate.run_id} ({candidate.status}), created {candidate.created_at}")


@ledger_app.command
def explain(key: str, other: str | None = None, /, *, archive: Archive = DEFAULT_ARCHIVE) -> None:
    """Say in words why an entry was, or was not, reused.

    Args:
        key: the entry's key, or enough of its beginning.
        other: the entry to compare it with, field by field; the nearest one if left out.
    """

    async def both(ledger: Ledger) -> str:
        entry = await ledger.find(key)
        compared = await ledger.find(other) if other else nearest(entry.work, await ledger.entries())
        return explanation(entry, compared)

    say(_with_ledger(archive, both))


@ledger_app.command(name="adopt")
def adopt_run(key: str, run_id: str, /, *, archive: Archive = DEFAULT_ARCHIVE) -> None:
    """Decide that a run belongs to an entry; the next flow run of its campaign collects it.

    Args:
        key: the entry's key, or enough of its beginning.
        run_id: one of the candidates that `florist ledger show` names.
    """

    async def decide(ledger: Ledger) -> Entry:
        return await adopt(ledger, await ledger.find(key), run_id)

    entry = _with_ledger(archive, decide)
    say(f"{entry.key} has run {entry.run_id} now; resume its campaign to collect it")


@ledger_app.command(name="restart")
def restart_entry(
    key: str,
    /,
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    give_up_run: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Decide that an entry is paid for anew when its campaign is next resumed.

    Args:
        key: the entry's key, or enough of its beginning.
        give_up_run: even though it has a run, or may have one, that was charged; asked about if left out.
    """

    async def decide(ledger: Ledger) -> Entry:
        entry = await ledger.find(key)
        try:
            return await restart(ledger, entry, gives_up_run=give_up_run)
        except EntryBusyError as error:
            if give_up_run or not _gives_up(error):
                raise
            return await restart(ledger, entry, gives_up_run=True)

    entry = _with_ledger(archive, decide)
    say(f"{entry.key} will be paid for anew when its campaign is resumed")


def _gives_up(error: EntryBusyError) -> bool:
    answer = asked(f"{error}. Give it up, and pay for another run?")
    if answer is None:
        raise EntryBusyError(f"{error}: with --give-up-run") from error
    return answer


def _with_ledger(archive: str, ask: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(ask(Ledger(store_at(archive))))


def _cells(line: Line) -> tuple[str, ...]:
    charged = shown_usd(line.charged_usd) if line.charged_usd is not None else ""
    place = (line.campaign, line.row, line.step, str(line.attempt))
    return (line.key[:12], line.state, *place, line.run_id, charged, line.note)


def _print_json(models: Sequence[BaseModel]) -> None:
    say(json.dumps([model.model_dump(mode="json") for model in models], indent=2))
