"""Content-addressed uploads: pictures that people bring, kept once in the archive and named by their bytes.

::

    uploads/<sha256>.<extension>       the extension follows from the bytes, too

Nothing is overwritten, and a repeated upload changes nothing. What FLORA takes as an input is taken here.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from florist.api.assets import asset_file
from florist.media_types import EXTENSIONS
from florist.stores.errors import ObjectMissingError
from florist.stores.parts import PART_BYTES
from florist.stores.store import Store
from florist.stores.threads import in_thread
from florist.studio.errors import UploadMissingError, UploadTooLargeError
from florist.studio.kept_files import as_file
from florist.upload_address import UploadAddress
from florist.wording import shortened

UPLOAD_BYTES_AT_MOST = 512 * 1024 * 1024
"""Far more than any picture, and as much as a film that somebody hands in."""


class Upload(NamedTuple):
    """A file as it is kept."""

    address: UploadAddress
    size_bytes: int
    media_type: str


async def keep_upload(
    store: Store, chunks: AsyncIterable[bytes], *, name: str, most_bytes: int = UPLOAD_BYTES_AT_MOST
) -> Upload:
    """Keep a file under its content's address; safe to repeat. Its type is told from its bytes, never its name.

    The bytes wait on this machine's disk until their hash is known; nothing is kept of a file that is refused.

    Args:
        name: what people call the file, for messages.

    Raises:
        AssetError: it is empty, or of a type that FLORA does not take.
        UploadTooLargeError: it has more bytes than this.
        KeyTakenError: what is kept under its address are other bytes: they are damaged.
        StoreError: it could not be kept.
    """
    with TemporaryDirectory(prefix="florist-") as folder:
        path = Path(folder) / "upload"
        sha256 = await _written(path, chunks, name=name, most_bytes=most_bytes)
        file = await asset_file(path, content_type=None, file_name=shortened(name))
        address = UploadAddress(sha256=sha256, extension=EXTENSIONS[file.media_type])
        await store.write(address.key, file_chunks(path), media_type=file.media_type)
    return Upload(address, file.size_bytes, file.media_type)


@asynccontextmanager
async def opened_upload(store: Store, address: UploadAddress) -> AsyncIterator[Path]:
    """Have an upload as a file.

    Raises:
        UploadMissingError: the archive has none of this address.
        IntegrityError: its bytes are not those of the address any more.
    """
    try:
        async with as_file(store, address.key, address.sha256) as path:
            yield path
    except ObjectMissingError as error:
        raise missing_upload(address, store.location) from error


def missing_upload(address: UploadAddress, location: str) -> UploadMissingError:
    """Return the error of an address without a file."""
    return UploadMissingError(
        f"nothing is kept under {address} in {location}: upload the file again (florist upload FILE), or look at "
        "the address and at which archive is meant",
        address=str(address),
    )


async def file_chunks(path: Path) -> AsyncIterator[bytes]:
    """Yield a file's bytes."""
    file = await in_thread(path.open, "rb")
    try:
        while block := await in_thread(file.read, PART_BYTES):
            yield block
    finally:
        file.close()


async def _written(path: Path, chunks: AsyncIterable[bytes], *, name: str, most_bytes: int) -> str:
    """Write the bytes to a file; return their hex SHA-256."""
    digest, size_bytes = hashlib.sha256(), 0
    file = await in_thread(path.open, "wb")
    try:
        async for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > most_bytes:
                raise UploadTooLargeError(
                    f"{shortened(name)} has more than {most_bytes:,} bytes, and no more are taken"
                )
            digest.update(chunk)
            await in_thread(file.write, chunk)
    finally:
        file.close()
    return digest.hexdigest()
