"""The identity of files: the SHA-256 of their bytes."""

import asyncio
import hashlib
from pathlib import Path


async def content_of_file(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in blocks."""
    return await asyncio.to_thread(_digest, path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
