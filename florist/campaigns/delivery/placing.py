"""Puts outputs where they are delivered to: by hard link within a file system, else as verified copies."""

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path

from florist.archive.manifest import ArchivedOutput
from florist.stores.drafts import make_folders
from florist.stores.errors import IntegrityError, KeyTakenError, ObjectMissingError
from florist.stores.folder import FolderStore
from florist.stores.store import Store, StoredObject
from florist.stores.threads import in_thread

_SHA256 = "florist-sha256"
"""Of an object's metadata: of one in many parts, the store itself notes no digest of the whole."""

_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES})


class Placed(StrEnum):
    """How an output came to stand under its name."""

    LINKED = "linked"
    COPIED = "copied"
    THERE = "there already"
    TAKEN = "name taken"
    """Other bytes stand there. They were not touched."""


class Placer:
    """Delivers out of one store into another. Safe to repeat, and to kill: a name appears whole or not at all."""

    def __init__(self, source: Store, target: Store, *, may_link: bool = True) -> None:
        """Name both.

        Args:
            may_link: a hard link is the very file of the archive; whoever writes into it alters the original.
        """
        self._source = source
        self._target = target
        self._may_link = may_link

    async def place(self, output: ArchivedOutput, name: str) -> Placed:
        """Put one output under a name.

        Raises:
            IntegrityError: the archive's object is not what its manifest vouches for; nothing was delivered.
            ObjectMissingError: it is gone: `florist archive verify --mend` brings it back, while FLORA has it.
            StoreError: one of the stores failed.
        """
        if isinstance(self._source, FolderStore) and isinstance(self._target, FolderStore):
            original, wanted = self._source.path / output.key, self._target.path / name
            if await in_thread(_is_same_file, original, wanted):
                return Placed.THERE
            if self._may_link and await in_thread(_linked, original, wanted):
                return Placed.LINKED
        standing = await self._target.head(name)
        if standing is not None:
            return Placed.THERE if _is(standing, output) else Placed.TAKEN
        try:
            await self._target.write(
                name, self._verified(output), media_type=output.media_type, metadata={_SHA256: output.sha256}
            )
        except KeyTakenError:  # somebody else delivers, too
            return Placed.TAKEN
        return Placed.COPIED

    async def _verified(self, output: ArchivedOutput) -> AsyncIterator[bytes]:
        """Yield an object's bytes; raise at their end, before anybody sees them, if they are not those kept."""
        digest = hashlib.sha256()
        async for block in self._source.stream(output.key):
            digest.update(block)
            yield block
        if digest.hexdigest() != output.sha256:
            raise IntegrityError(
                f"{output.key} in {self._source.location} is damaged: `florist archive verify --fetch --mend`"
            )


def _is(standing: StoredObject, output: ArchivedOutput) -> bool:
    sha256 = standing.metadata.get(_SHA256, standing.sha256)
    return standing.size_bytes == output.size_bytes and sha256 == output.sha256


def _is_same_file(original: Path, wanted: Path) -> bool:
    try:
        return original.samefile(wanted)
    except OSError:
        return False


def _linked(original: Path, wanted: Path) -> bool:
    """Link a file under a new name; False where that cannot be done, or the name is taken."""
    try:
        make_folders(wanted.parent)
        os.link(original, wanted)
    except FileExistsError:
        return False
    except FileNotFoundError as error:
        raise ObjectMissingError(
            f"{original} is gone: `florist archive verify --mend` fetches it again, while FLORA has it",
            key=original.name,
        ) from error
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True
