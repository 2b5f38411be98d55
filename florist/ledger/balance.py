"""Moments at which FLORA refused a request because the workspace's balance was empty, noted in the store.

::

    ledger/empty-balances/<FLORA's host, API key>/<ten minutes of FLORA's time>.json

A refusal whose answer was lost may have used up its idempotency key without making a run. Where a balance was
empty, nothing is adopted by time alone.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

from florist.stores.store import Store

BUCKET = timedelta(minutes=10)


class EmptyBalances:
    """The notes of one API key, in one store."""

    def __init__(self, store: Store, *, scope: str) -> None:
        self._store = store
        self._folder = f"ledger/empty-balances/{quote(scope, safe='')}/"
        self._noted: set[int] = set()

    async def note(self, at: datetime) -> None:
        """Note that the balance was empty. Costs one write in ten minutes."""
        bucket = _bucket_of(at)
        if bucket not in self._noted:
            await self._store.create(self._path(bucket), b"{}")
            self._noted.add(bucket)

    async def was_empty(self, since: datetime, until: datetime) -> bool:
        """Whether the balance was found empty between two moments, give or take ten minutes."""
        for bucket in range(_bucket_of(since), _bucket_of(until) + 1):
            if await self._store.read(self._path(bucket)) is not None:
                return True
        return False

    def _path(self, bucket: int) -> str:
        return f"{self._folder}{bucket}.json"


def _bucket_of(moment: datetime) -> int:
    return int(moment.timestamp() // BUCKET.total_seconds())
