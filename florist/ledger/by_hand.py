"""What a person decides where the ledger cannot: this run is mine, or pay for a new one."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from florist.ledger.dependents import Dependents
from florist.ledger.entries import Entry, GivenUp, State
from florist.ledger.errors import EntryBusyError, RunClaimedError
from florist.ledger.ledger import Ledger
from florist.ledger.timing import Timing


def _nonce() -> str:
    return uuid4().hex


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def adopt(
    ledger: Ledger,
    entry: Entry,
    run_id: str,
    *,
    nonce: Callable[[], str] = _nonce,
    now: Callable[[], datetime] = _utc_now,
) -> Entry:
    """Say that a run belongs to an entry. Whoever asks for that work next resumes the run.

    Raises:
        RunClaimedError: the run belongs to another entry.
        EntryBusyError: the entry has another run, or somebody has just gone on with it.
    """
    if entry.has_run and entry.run_id != run_id:
        raise EntryBusyError(
            f"entry {entry.key} has run {entry.run_id} already; `restart` it first if that is wrong"
        )
    if entry.has_run:
        return entry
    claimant = await ledger.claim(run_id, entry.key)
    if claimant != entry.key:
        raise RunClaimedError(
            f"run {run_id} belongs to entry {claimant}; `florist ledger show {claimant}` tells why",
            run_id=run_id,
            claimant=claimant,
        )
    return await _append(
        ledger,
        entry.next(
            State.STARTED,
            owner=f"by hand:{nonce()}",
            now=now(),
            run_id=run_id,
            started_by="by hand",
            note="adopted by hand",
        ),
    )


async def restart(
    ledger: Ledger,
    entry: Entry,
    *,
    gives_up_run: bool = False,
    timing: Timing | None = None,
    nonce: Callable[[], str] = _nonce,
    now: Callable[[], datetime] = _utc_now,
) -> Entry:
    """Say that an entry is to be paid for anew, under a new idempotency key, when next asked for.

    What takes an output of its run would be paid for in vain: not while the journal names a request that does.

    Args:
        gives_up_run: also where it has a run, or where a request may still be under way: both may have been
            charged, and the new run will be charged too.

    Raises:
        EntryBusyError: it has a run, or a request under way, and neither was to be given up; or a request may be
            under way that takes an output of its run; or somebody has just gone on with it.
    """
    is_risky = entry.has_run or entry.state is State.SENT
    if is_risky and not gives_up_run:
        what = f"has run {entry.run_id}" if entry.has_run else "has sent a request that may become a run"
        raise EntryBusyError(
            f"entry {entry.key} {what}; a restart pays for another one. Resume instead, or insist on it"
        )
    await _refuse_beside_dependents(ledger, entry, now=now(), timing=timing or Timing())
    return await _append(
        ledger,
        entry.next(
            State.INTENDED,
            owner=f"by hand:{nonce()}",
            now=now(),
            renewals=entry.renewals + 1,
            sends=(),
            proved_by=None,
            run_id=None,
            started_by=None,
            ended=None,
            manifest_key=None,
            given_up=(*entry.given_up, *_given_up(entry)),
            note=f"restarted by hand; it was {entry.state}" + f", run {entry.run_id}" * entry.has_run,
        ),
    )


def _given_up(entry: Entry) -> tuple[GivenUp, ...]:
    """Return what a budget must still count: a request, or a run, that may have been charged."""
    if not entry.sends:
        return ()
    prices = [send.price_micro for send in entry.sends if send.price_micro is not None]
    return (
        GivenUp(
            idempotency_key=entry.idempotency_key,
            block=entry.sends[0].block,
            price_micro=max(prices, default=None),
            run_id=entry.run_id,
            charged_usd=None if entry.ended is None else entry.ended.charged_usd,
        ),
    )


async def _refuse_beside_dependents(ledger: Ledger, entry: Entry, *, now: datetime, timing: Timing) -> None:
    if entry.run_id is None:
        return
    dependents = Dependents(ledger, entry.run_id, now, timing)
    async for found in dependents.under_way():
        raise EntryBusyError(
            f"request {found} takes an output of run {entry.run_id} and may be under way: after a restart it "
            "would be paid for in vain. Let its campaign end, or decide about it first (`florist ledger show`)"
        )


async def _append(ledger: Ledger, entry: Entry) -> Entry:
    if not await ledger.append(entry):
        raise EntryBusyError(f"somebody has just gone on with entry {entry.key}; look at it again")
    return entry
