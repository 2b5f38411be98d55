"""Looks at what the archive holds: FLORA's promise as learnt, entries that need review, lost runs."""

from datetime import timedelta
from functools import partial

from florist.archive.keys import INDEX_FOLDER
from florist.checkup.finding import Finding, fail, found_by, ok, warn
from florist.ledger import Ledger, State, TechniqueRoute
from florist.ledger.entries import Entry
from florist.ledger.ledger import UnreadableEntry
from florist.ledger.promises import Promise, Promises
from florist.ledger.timing import Timing
from florist.stores.store import Store
from florist.sweep.failures import unkept_runs

IDEMPOTENCY = "repeated requests"
REVIEWS = "ledger"
LOST = "lost runs"

_PROBE = "florist doctor --probe-idempotency"
MEANING = {
    Promise.REPLAY: "it answers with the first run: lost answers resolve by themselves, POSTs go side by side",
    Promise.REFUSE: "it says that the key was used: a lost answer is found in history, or a person is asked",
    Promise.NEITHER: "it makes a second, charged run: nothing is ever sent again, a person is asked",
    Promise.UNKNOWN: "not known: after a lost answer, nothing is sent again before history was read for minutes",
}


async def kept_findings(store: Store, flora: TechniqueRoute | None) -> tuple[Finding, ...]:
    """Return what is found in an archive that can be read.

    Args:
        flora: whose promise is told; None where FLORA could not be asked.
    """
    return (
        *([await found_by(IDEMPOTENCY, partial(promise_finding, store, flora))] if flora else []),
        await found_by(REVIEWS, partial(review_finding, store)),
        await found_by(LOST, partial(lost_finding, store)),
    )


async def promise_finding(store: Store, flora: TechniqueRoute) -> Finding:
    """Return what is known of FLORA's promise about repeated requests, which decides what a lost answer costs."""
    promises = Promises(store, scope=flora.promise_scope, lasts=timedelta(seconds=Timing().belief))
    belief = await promises.belief(now=flora.server_now())
    told = f"with the same body: {MEANING[belief.same_body]}; with another: {MEANING[belief.other_body]}"
    if belief.same_body is Promise.UNKNOWN and belief.other_body is Promise.UNKNOWN:
        return warn(IDEMPOTENCY, MEANING[Promise.UNKNOWN], _PROBE)
    if Promise.NEITHER in (belief.same_body, belief.other_body):
        return warn(IDEMPOTENCY, told, "tell FLORA; reviews are to be expected (florist ledger list)")
    return ok(IDEMPOTENCY, told)


async def review_finding(store: Store) -> Finding:
    """Return whether entries of the ledger wait for a person, or cannot be read."""
    waiting: list[str] = []
    unreadable: list[str] = []

    def take(path: str, entry: Entry | UnreadableEntry) -> None:
        if isinstance(entry, UnreadableEntry):
            unreadable.append(path)
        elif entry.state is State.NEEDS_REVIEW:
            waiting.append(entry.key[:12])

    await Ledger(store).each(take)
    if unreadable:
        told = f"{len(unreadable)} entries cannot be read, such as {min(unreadable)}"
        return fail(REVIEWS, told, "florist ledger list --state unreadable; nothing is paid for them meanwhile")
    if waiting:
        told = f"{len(waiting)} entries need review, such as {min(waiting)}"
        return warn(REVIEWS, told, "florist ledger list --state needs-review, then show, adopt or restart")
    return ok(REVIEWS, "every entry can be read, and none needs review")


async def lost_finding(store: Store) -> Finding:
    """Return whether runs were paid for and could not be kept."""
    unkept = await unkept_runs(store)
    index = {f"{INDEX_FOLDER}{short_id}.json": run for short_id, run in unkept.runs.items()}
    kept = await store.present(index)
    left = [run for key, run in index.items() if key not in kept]
    lost = [run.latest.run.run_id for run in left if run.is_lost]
    if lost:
        told = f"{len(lost)} runs were paid for and are lost, such as {min(lost)}"
        return warn(LOST, told, "florist sweep --full tries them once more")
    if left or unkept.unreadable:
        told = f"{len(left) + len(unkept.unreadable)} runs were paid for and could not be kept yet"
        return warn(LOST, told, "florist sweep")
    return ok(LOST, "none is noted")
