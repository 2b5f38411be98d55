"""Has the ledger know what FLORA does with a repeated key, as `florist doctor --probe-idempotency` would have."""

from datetime import timedelta

from benchmarks.speed.task import API_KEY, Task
from florist.api import FloraAPI
from florist.ledger import Ledger, TechniqueRoute
from florist.ledger.promises import Observation, Promise, Promises
from florist.stores.locations import store_at

KEPT = {"replay": Promise.REPLAY, "duplicate": Promise.REFUSE}


async def learn(task: Task) -> None:
    """Note the promise that the imitation keeps, for both kinds of body."""
    async with FloraAPI(api_key=API_KEY, base_url=task.flora) as client:
        flora = TechniqueRoute(client)
        now = await flora.ask_time(anew=True)
        ledger = Ledger(store_at(task.archive))
        promises = Promises(ledger.store, scope=flora.promise_scope, lasts=timedelta(days=7))
        for is_same_body in (True, False):
            await promises.learn(
                Observation(promise=KEPT[task.work.mode], is_same_body=is_same_body, seen_at=now, age_seconds=1.0)
            )
