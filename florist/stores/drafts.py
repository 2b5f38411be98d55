"""Writes files atomically and durably: temporary file, fsync, and a hard link that fails if the name is taken."""

import hashlib
import os
from pathlib import Path
from uuid import uuid4

from florist.stores.keys import TEMPORARY_MARK


class Draft:
    """A temporary file until it is placed under its final name. Every method blocks."""

    def __init__(self, final: Path) -> None:
        make_folders(final.parent)
        self._final = final
        self._temporary = final.with_name(f"{TEMPORARY_MARK}{uuid4().hex}")
        self._file = self._temporary.open("xb", buffering=0)
        self.sha256 = hashlib.sha256()
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        """Append bytes."""
        self.sha256.update(data)
        self.size_bytes += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def place(self) -> bool:
        """Give the file its final name, durably; False if that name is taken."""
        os.fsync(self._file.fileno())
        try:
            os.link(self._temporary, self._final)
        except FileExistsError:
            return False
        _sync_folder(self._final.parent)
        return True

    def discard(self) -> None:
        """Remove the temporary file; its final name, where it was given, stays."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def make_folders(folder: Path) -> None:
    """Make a folder with its parents, each entered durably in the one above it."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
