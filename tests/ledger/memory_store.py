"""A store in memory, as strict as a real one."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from florist.secrets import SignedUrl
from florist.stores.store import StoredObject


@dataclass
class MemoryStore:
    now: Callable[[], datetime]
    location: str = "memory://"
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0

    async def check(self) -> None:
        pass

    async def head(self, key: str) -> StoredObject | None:
        return self._described(key) if key in self.objects else None

    async def read(self, key: str) -> bytes | None:
        self.reads += 1
        return self.objects[key][0] if key in self.objects else None

    async def read_range(self, key: str, start: int, size_bytes: int) -> bytes | None:
        return self.objects[key][0][start : start + size_bytes] if key in self.objects else None

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        yield self.objects[key][0]

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        self.writes += 1
        return self.objects.setdefault(key, (data, self.now()))[0] == data

    async def write(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        raise NotImplementedError

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        self.reads += 1
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield self._described(key)

    async def present(self, keys: Iterable[str]) -> set[str]:
        return set(keys) & self.objects.keys()

    async def presign(
        self, key: str, *, expires_in: timedelta, signed_at: datetime | None = None
    ) -> SignedUrl | None:
        return None

    def server_now(self) -> datetime:
        return self.now()

    async def delete(self, *keys: str) -> None:
        for key in keys:
            self.objects.pop(key, None)

    async def drop_leftovers(self, *, older_than: timedelta) -> int:
        return 0

    def _described(self, key: str) -> StoredObject:
        data, modified_at = self.objects[key]
        return StoredObject(key, len(data), modified_at, sha256=hashlib.sha256(data).hexdigest())
