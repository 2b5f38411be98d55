"""A store with a point before and after each of its calls, and troubles on some days."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from florist.secrets import SignedUrl
from florist.stores.errors import StoreUnavailableError
from florist.stores.store import Store, StoredObject

T = TypeVar("T")


class PointedStore:
    """A `Store` in front of another one.

    Args:
        pass_by: called with the name of each point.
        of_real: makes fast time out of the real one that the store tells of its objects.
        trouble: share of the calls that fail, half of them after they were carried out: their answer is lost.
    """

    def __init__(
        self,
        store: Store,
        pass_by: Callable[[str], None],
        *,
        of_real: Callable[[float], float],
        trouble: float = 0.0,
        seed: str = "",
    ) -> None:
        self._store = store
        self._pass_by = pass_by
        self._of_real = of_real
        self._trouble = trouble
        self._rng = random.Random(seed)

    @property
    def location(self) -> str:
        return self._store.location

    async def check(self) -> None:
        # The probe makes its calls on us, not past us.
        from florist.stores.probe import probe

        await probe(self)

    async def head(self, key: str) -> StoredObject | None:
        return await self._pointed("head", key, self._store.head(key))

    async def read(self, key: str) -> bytes | None:
        return await self._pointed("read", key, self._store.read(key))

    async def read_range(self, key: str, start: int, size_bytes: int) -> bytes | None:
        return await self._pointed("read range", key, self._store.read_range(key, start, size_bytes))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        self._before("stream", key)
        async for chunk in self._store.stream(key):
            yield chunk
        self._after("stream", key)

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        return await self._pointed(
            "create", key, self._store.create(key, data, media_type=media_type), kind=kind_of(key, data)
        )

    async def write(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        writing = self._store.write(key, chunks, media_type=media_type, metadata=metadata)
        return await self._pointed("write", key, writing)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        self._before("list", prefix)
        async for found in self._store.list(prefix):
            modified_at = datetime.fromtimestamp(self._of_real(found.modified_at.timestamp()), UTC)
            yield replace(found, modified_at=modified_at)
        self._after("list", prefix)

    async def present(self, keys: Iterable[str]) -> set[str]:
        return await self._pointed("present", "keys", self._store.present(keys))

    async def presign(
        self, key: str, *, expires_in: timedelta, signed_at: datetime | None = None
    ) -> SignedUrl | None:
        signing = self._store.presign(key, expires_in=expires_in, signed_at=signed_at)
        return await self._pointed("presign", key, signing)

    def server_now(self) -> datetime:
        return self._store.server_now()

    async def delete(self, *keys: str) -> None:
        await self._pointed("delete", keys[0], self._store.delete(*keys))

    async def drop_leftovers(self, *, older_than: timedelta) -> int:
        return await self._pointed("drop", "leftovers", self._store.drop_leftovers(older_than=older_than))

    async def leftovers(self, *, older_than: timedelta) -> int:
        return await self._pointed("count", "leftovers", self._store.leftovers(older_than=older_than))

    async def _pointed(self, verb: str, key: str, call: Awaitable[T], *, kind: str = "") -> T:
        name = f"{verb} {kind or kind_of(key)}"
        self._pass_by(f"before {name}")
        fails = self._rng.random() < self._trouble
        if fails and self._rng.random() < 0.5:
            getattr(call, "close", lambda: None)()
            raise StoreUnavailableError(f"{verb} {key}: the store was down", location=self.location)
        result = await call
        if fails:
            raise StoreUnavailableError(f"{verb} {key}: the store's answer was lost", location=self.location)
        self._pass_by(f"after {name}")
        return result

    def _before(self, verb: str, key: str) -> None:
        self._pass_by(f"before {verb} {kind_of(key)}")
        if self._rng.random() < self._trouble:
            raise StoreUnavailableError(f"{verb} {key}: the store was down", location=self.location)

    def _after(self, verb: str, key: str) -> None:
        self._pass_by(f"after {verb} {kind_of(key)}")


def kind_of(key: str, data: bytes = b"") -> str:
    """Return what is kept under a key, in a word or two."""
    folder, _, rest = key.partition("/")
    if folder == "ledger":
        what = rest.partition("/")[0]
        return f"{what} {json.loads(data)['state']}" if what == "entries" and data else what
    if folder == "campaigns":
        return "manifest" if key.endswith(".json") else "output"
    return "probe" if folder == "checks" else folder
