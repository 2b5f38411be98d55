"""Writes one output of a run to a file of the caller's: whole, synced, verified, under a name that was free."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from florist.archive.formats import UNKNOWN, MediaType
from florist.archive.fresh_urls import FreshUrls
from florist.archive.keys import short_run_id
from florist.archive.transfer import UNKNOWN_FORMAT, Fetch, transferred
from florist.stores.folder import FolderStore
from florist.stores.store import StoredObject
from florist.stores.threads import in_thread


@dataclass(frozen=True, slots=True)
class SavedOutput:
    """A file that was saved. Example: docs/client.md, "Saving".

    Attributes:
        media_type: told from the bytes, whatever the file's name says.
        sha256: of the bytes as they were written, 64 hex digits.
        warning: what to know before using it; None if nothing.
    """

    path: Path
    media_type: str
    size_bytes: int
    sha256: str
    warning: str | None = None


async def save_output(urls: FreshUrls, index: int, to: str | Path, *, fetch: Fetch) -> SavedOutput:
    """Save an output of a run; safe to repeat.

    Args:
        to: a folder, which is made if needed, or the name of a file: what has a suffix and is no folder.

    Raises:
        KeyTakenError: a file of other bytes has this name; it was not touched.
        OutputExpiredError: FLORA has no living URL for it any more.
        TransferError: or `IntegrityError`: the bytes could not be had as promised; there is no file.
        StoreError: the folder cannot be written to.
    """
    path, is_folder = await in_thread(_understood, to)
    store = FolderStore(path if is_folder else path.parent)

    async def keep(chunks: AsyncIterator[bytes], media: MediaType) -> tuple[StoredObject, MediaType]:
        name = f"{short_run_id(urls.run.run_id)}-{index}.{media.extension}" if is_folder else path.name
        return await store.write(name, chunks, media_type=media.name), media

    stored, media = await transferred(urls, index, fetch, keep)
    return SavedOutput(
        path=store.path / stored.key,
        media_type=media.name,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256 or "",
        warning=UNKNOWN_FORMAT if media == UNKNOWN else None,
    )


def _understood(to: str | Path) -> tuple[Path, bool]:
    path = Path(to).expanduser()
    return path, not path.suffix or path.is_dir()
