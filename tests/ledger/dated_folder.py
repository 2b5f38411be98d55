"""A folder whose files are as old as a test's own clock has it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from florist.stores.folder import FolderStore
from florist.stores.store import StoredObject


class DatedFolder(FolderStore):
    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        super().__init__(path)
        self._clock = clock
        self._created: dict[str, datetime] = {}

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        self._created.setdefault(key, self._clock())
        return await super().create(key, data, media_type=media_type)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        async for found in super().list(prefix):
            yield replace(found, modified_at=self._created[found.key])


class UnthreadedFolder(DatedFolder):
    """For virtual time, which would pass while a thread works."""

    async def _run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        try:
            return call(*args, **kwargs)
        except OSError as error:
            raise self._told(error) from error
