"""`florist upload`: pictures into an archive, by their bytes, for rows, forms and params to name."""

import asyncio
import json
from pathlib import Path

from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson
from florist.commands.terminal import say
from florist.errors import ConfigurationError
from florist.stores.locations import store_at
from florist.studio.uploads import Upload, file_chunks, keep_upload


def upload(file: Path, /, *files: Path, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False) -> None:
    """Keep files in the archive, and print the address of each: what rows, forms and --param take as a picture.

    The same bytes have the same address, however often they are uploaded. Nothing is sent to FLORA.
    """
    for path, kept in zip((file, *files), asyncio.run(_kept((file, *files), archive)), strict=True):
        if as_json:
            say(json.dumps({"file": str(path), "address": str(kept.address), "bytes": kept.size_bytes}))
        else:
            say(str(kept.address))


async def _kept(files: tuple[Path, ...], archive: str) -> list[Upload]:
    store = store_at(archive)
    found = []
    for path in files:
        try:
            found.append(await keep_upload(store, file_chunks(path), name=path.name))
        except OSError as error:
            raise ConfigurationError(f"the file {path} cannot be read: {error.strerror}") from error
    return found
