"""Has the archive know what one that has been at work knows: FLORA's promise, and that its store is safe.

The first is what `florist doctor --probe-idempotency` finds out; the second is proved once a day.
"""

from datetime import timedelta

from benchmarks.speed.task import API_KEY, Task
from florist.api import FloraAPI
from florist.ledger import Ledger, TechniqueRoute
from florist.ledger.promises import Observation, Promise, Promises
from florist.stores.locations import store_at

KEPT = {"replay": Promise.REPLAY, "duplicate": Promise.REFUSE}


async def learn(task: Task) -> None:
    """Prove the store, and note the promise that the imitation keeps, for both kinds of body."""
    async with FloraAPI(api_key=API_KEY, base_url=task.flora) as client:
        flora = TechniqueRoute(client)
        now = await flora.ask_time(anew=True)
        ledger = Ledger(store_at(task.archive))
        await ledger.check()
        promises = Promises(ledger.store, scope=flora.promise_scope, lasts=timedelta(days=7))
        for is_same_body in (True, False):
            await promises.learn(
                Observation(promise=KEPT[task.work.mode], is_same_body=is_same_body, seen_at=now, age_seconds=1.0)
            )
