"""Writes one output of a run to a file of the caller's: whole, synced, verified, under a name that was free."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from florist.archive.download import Fetch
from florist.archive.fresh_urls import FreshUrls
from florist.archive.keys import short_run_id
from florist.archive.transfers import Transfers
from florist.stores.folder import FolderStore
from florist.stores.threads import in_thread

NO_HURRY = datetime.max.replace(tzinfo=UTC)
"""A transfer's place in its queue, which is one of one here."""


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
        OutputExpiredError: or `OutputRefusedError`: FLORA has no URL for it that opens.
        TransferError: or `IntegrityError`: the bytes could not be had as promised; there is no file.
        StoreError: the folder cannot be written to.
    """
    path, is_folder = await in_thread(_understood, to)
    store = FolderStore(path if is_folder else path.parent)

    def key_of(extension: str) -> str:
        return f"{short_run_id(urls.run.run_id)}-{index}.{extension}" if is_folder else path.name

    kept = await Transfers(store, fetch, at_once=1).keep(urls, index, key_of=key_of, deadline=NO_HURRY)
    return SavedOutput(store.path / kept.key, kept.media_type, kept.size_bytes, kept.sha256, kept.warning)


def _understood(to: str | Path) -> tuple[Path, bool]:
    path = Path(to).expanduser()
    return path, not path.suffix or path.is_dir()
