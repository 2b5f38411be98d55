"""The store in a local folder: create-if-absent by hard link, durable by fsync.

A file is written under a temporary name beside its final one, synced, and linked to the final name, which
fails where that name is taken: it appears whole or not at all, and never replaces another. The folder is
synced before success is told.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import ParamSpec, TypeVar

from florist.media_types import media_type_of_name
from florist.secrets import SignedUrl
from florist.stores.drafts import Draft, make_folders
from florist.stores.errors import (
    KeyTakenError,
    ObjectMissingError,
    StoreDeniedError,
    StoreError,
    StoreFullError,
    StoreMissingError,
    UnsafeKeyError,
)
from florist.stores.keys import TEMPORARY_MARK, checked_key
from florist.stores.parts import PART_BYTES, filled, read_ahead
from florist.stores.probe import probe
from florist.stores.store import StoredObject
from florist.stores.threads import in_thread

P = ParamSpec("P")
T = TypeVar("T")

_READ_BYTES = 1024 * 1024
_LISTED_AT_ONCE = 500
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})


class FolderStore:
    """A `Store` in a folder of a file system that has hard links.

    A folder keeps no metadata: `head` takes the media type from the name, and the SHA-256 from the bytes
    themselves, so that a file altered on disk is noticed.

    Example: docs/client.md, "Paying once".
    """

    def __init__(
        self,
        path: str | Path,
        *,
        free_bytes_at_least: int = 64 * 1024 * 1024,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Name the folder; it is made when first needed.

        Args:
            free_bytes_at_least: `check` fails below this much free space.
        """
        self.path = Path(path).expanduser().absolute()
        self._free_bytes_at_least = free_bytes_at_least
        self._now = now

    @property
    def location(self) -> str:
        """The folder as a `file:///` URL."""
        return self.path.as_uri()

    async def check(self) -> None:
        """Make sure that files can be written here and are never overwritten; see `Store.check`."""
        await self._run(make_folders, self.path)
        free_bytes = (await self._run(shutil.disk_usage, self.path)).free
        if free_bytes < self._free_bytes_at_least:
            raise self._full()
        await probe(self)

    async def head(self, key: str) -> StoredObject | None:
        """Return what is known of a file, its bytes hashed anew; None if there is none."""
        return await self._run(self._described, key, hashed=True)

    async def read(self, key: str) -> bytes | None:
        """Return a small file whole; None if there is none."""
        return await self._run(self._read, key)

    async def read_range(self, key: str, start: int, size_bytes: int) -> bytes | None:
        """Return a part of a file; None if there is none."""
        return await self._run(self._read_range, key, start, size_bytes)

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """Yield a file's bytes in order.

        Raises:
            ObjectMissingError: there is no such file.
        """
        if await self._run(self._described, key) is None:
            raise ObjectMissingError(f"there is nothing under {key} in {self.location}", key=key)
        file = await self._run(self._path(key).open, "rb")
        try:
            while block := await self._run(file.read, _READ_BYTES):
                yield block
        finally:
            file.close()

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        """Write a small file if there is none; see `Store.create`."""
        return await self._run(self._create, key, data)

    async def write(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Write a stream under a new name; see `Store.write`. The metadata is not kept."""
        # Filled in the thread: whoever is cancelled while a draft is made has to discard it all the same.
        drafts: list[Draft] = []
        try:
            await self._run(lambda: drafts.append(Draft(self._path(key))))
            [draft] = drafts
            async with aclosing(read_ahead(filled(chunks, PART_BYTES))) as parts:
                async for part in parts:
                    await self._run(draft.add, part)
            placed = await self._run(draft.place)
        finally:
            for made in drafts:
                await self._run(made.discard)
        kept = await self._run(self._described, key, hashed=not placed)
        sha256 = draft.sha256.hexdigest()
        if kept is None or kept.size_bytes != draft.size_bytes or kept.sha256 not in (None, sha256):
            raise KeyTakenError(
                f"{key} in {self.location} holds other bytes already; nothing was changed", key=key
            )
        return StoredObject(key, kept.size_bytes, kept.modified_at, media_type, sha256)

    async def list(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        """Yield files whose key begins with `prefix`; see `Store.list`."""
        found = _keys_below(self.path, prefix)
        while keys := await self._run(lambda: tuple(islice(found, _LISTED_AT_ONCE))):
            for described in await self._run(self._all_described, keys):
                yield described

    async def present(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that have a file; see `Store.present`."""
        paths = {key: self._path(key) for key in keys}
        return await self._run(lambda: {key for key, path in paths.items() if _file_status(path) is not None})

    async def presign(
        self, key: str, *, expires_in: timedelta, signed_at: datetime | None = None
    ) -> SignedUrl | None:
        """Return None: nothing outside this machine can read a folder."""
        return None

    def server_now(self) -> datetime:
        """Return this machine's time."""
        return self._now()

    async def delete(self, *keys: str) -> None:
        """Remove files; not an error if there is none."""
        for key in keys:
            await self._run(self._path(key).unlink, missing_ok=True)

    async def leftovers(self, *, older_than: timedelta) -> int:
        """Count temporary files that killed writers left behind; see `Store.leftovers`."""
        return len(await self._run(self._leftovers, (self._now() - older_than).timestamp()))

    async def drop_leftovers(self, *, older_than: timedelta) -> int:
        """Remove temporary files that killed writers left behind; see `Store.drop_leftovers`."""
        return await self._run(self._drop_leftovers, (self._now() - older_than).timestamp())

    def _path(self, key: str) -> Path:
        return self.path / checked_key(key)

    def _described(self, key: str, *, hashed: bool = False) -> StoredObject | None:
        path = self._path(key)
        found = _file_status(path)
        if found is None:
            return None
        return StoredObject(
            key=key,
            size_bytes=found.st_size,
            modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
            media_type=media_type_of_name(key),
            sha256=_sha256_of(path) if hashed else None,
        )

    def _all_described(self, keys: tuple[str, ...]) -> tuple[StoredObject, ...]:
        return tuple(described for key in keys if (described := self._described(key)) is not None)

    def _read(self, key: str) -> bytes | None:
        path = self._path(key)
        return None if _file_status(path) is None else path.read_bytes()

    def _standing(self, path: Path) -> bytes:
        """Return the file whose name was taken; opening a FIFO or a device instead could wait for ever."""
        if _file_status(path) is None:
            raise StoreError(f"{path} is no regular file; remove it or move it away", location=self.location)
        return path.read_bytes()

    def _read_range(self, key: str, start: int, size_bytes: int) -> bytes | None:
        path = self._path(key)
        if _file_status(path) is None:
            return None
        with path.open("rb") as file:
            file.seek(start)
            return file.read(size_bytes)

    def _create(self, key: str, data: bytes) -> bool:
        path = self._path(key)
        draft = Draft(path)
        try:
            draft.add(data)
            return draft.place() or self._standing(path) == data
        finally:
            draft.discard()

    def _drop_leftovers(self, before: float) -> int:
        found = self._leftovers(before)
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def _leftovers(self, before: float) -> tuple[Path, ...]:
        named = ((path, _file_status(path)) for path in self.path.rglob(f"{TEMPORARY_MARK}*"))
        return tuple(path for path, found in named if found is not None and found.st_mtime < before)

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await in_thread(call, *args, **kwargs)
        except OSError as error:
            raise self._told(error) from error

    def _told(self, error: OSError) -> StoreError:
        if error.errno in _FULL:
            return self._full()
        if error.errno in _DENIED:
            return StoreDeniedError(
                f"may not write to {self.location}: {error.strerror}; give this user the right, or another folder",
                location=self.location,
            )
        if error.errno in _ABSENT or isinstance(error, FileExistsError):
            return StoreMissingError(
                f"{self.location} cannot be used as a folder: {error.strerror}; a file may stand in its way",
                location=self.location,
            )
        return StoreError(f"{self.location} failed: {error.strerror or error}", location=self.location)

    def _full(self) -> StoreFullError:
        return StoreFullError(
            f"no space is left in {self.location}; free some, or archive elsewhere", location=self.location
        )


def _file_status(path: Path) -> os.stat_result | None:
    """Return a regular file's status; None where there is no such file."""
    try:
        found = path.stat()
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    return found if stat.S_ISREG(found.st_mode) else None


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keys_below(root: Path, prefix: str) -> Iterator[str]:
    """Yield the keys that begin with `prefix`, reading no folder but those that can hold one.

    Begins at the deepest folder that the prefix names: below the root there may be a hundred thousand others.
    """
    inside, slash, _ = prefix.rpartition("/")
    try:
        folder = root / checked_key(inside) if inside else root
    except UnsafeKeyError:
        return
    if inside or not slash:
        yield from _keys(folder, inside + slash, prefix)


def _keys(folder: Path, inside: str, prefix: str) -> Iterator[str]:
    for name, is_folder in _entries(folder):
        key = inside + name
        if not key.startswith(prefix):
            continue
        if is_folder:
            yield from _keys(folder / name, key, prefix)
        else:
            yield key


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """Return a folder's entries, the names of folders with a slash; nothing where there is no such folder."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return sorted(
            (entry.name + "/" * entry.is_dir(), entry.is_dir())
            for entry in entries
            if not entry.name.startswith(TEMPORARY_MARK)
        )
    return []
