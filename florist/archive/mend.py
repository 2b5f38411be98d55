"""Repairs kept outputs from FLORA: what is missing is fetched again, what is damaged is replaced copy first.

::

    missing ─► fetch, compare with the manifest's SHA-256, write where it was
    damaged ─► fetch, compare, write to mended/<sha256> ─► delete the object ─► copy into place ─► delete the copy

A store never overwrites, so that a damaged object has to go before a whole one can take its key. By then the copy
stands, and a mend that died in between is taken up from it. Where nothing may be deleted, the copy stays.
"""

import hashlib
from collections.abc import Awaitable, Callable

from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.archive.transfers import metadata_of
from florist.stores.errors import IntegrityError, ObjectMissingError, StoreDeniedError
from florist.stores.store import Store

MENDED_FOLDER = "mended/"


class Mender:
    """Repairs the outputs of one store. Safe to repeat and to kill; not meant to be run twice at once."""

    def __init__(self, store: Store, archiver: Archiver, read_run: Callable[[Manifest], Awaitable[Run]]) -> None:
        """Take a store, what fetches into it, and the way to read the run of a manifest at FLORA."""
        self._store = store
        self._archiver = archiver
        self._read_run = read_run

    async def mend(self, manifest: Manifest, output: ArchivedOutput) -> str:
        """Have an output where its manifest says, with the bytes it says; return what was done, for people.

        Raises:
            FloristError: it could not be repaired; what stood there is untouched, or a whole copy of it stands.
        """
        standing = await sha256_in(self._store, output.key)
        if standing == output.sha256:
            return "its bytes are as they were; only what the store tells of them is not"
        copy_key = f"{MENDED_FOLDER}{output.sha256}.{output.key.rpartition('.')[2]}"
        if await sha256_in(self._store, copy_key) != output.sha256:
            target = output.key if standing is None else copy_key
            await self._archiver.restore(
                manifest, [output], refresh=lambda: self._read_run(manifest), key_of=lambda _: target
            )
            if standing is None:
                return "fetched again"
        await self._replace(manifest.run_id, output, copy_key, is_there=standing is not None)
        return "fetched again, and replaced"

    async def _replace(self, run_id: str, output: ArchivedOutput, copy_key: str, *, is_there: bool) -> None:
        try:
            if is_there:
                await self._store.delete(output.key)
            await self._store.write(
                output.key,
                self._store.stream(copy_key),
                media_type=output.media_type,
                metadata=metadata_of(run_id, output.index),
            )
        except StoreDeniedError as error:
            raise StoreDeniedError(
                f"a whole copy is kept as {copy_key}, but {self._store.location} does not let {output.key} be "
                "replaced; allow deleting it and mend again, or put the copy in its place by hand",
                location=self._store.location,
            ) from error
        if await sha256_in(self._store, output.key) != output.sha256:
            raise IntegrityError(f"{output.key} is still not as it was; a whole copy is kept as {copy_key}")
        await self._store.delete(copy_key)


async def sha256_in(store: Store, key: str) -> str | None:
    """Return the SHA-256 of an object's bytes, read again; None if there is none."""
    digest = hashlib.sha256()
    try:
        async for chunk in store.stream(key):
            digest.update(chunk)
    except ObjectMissingError:
        return None
    return digest.hexdigest()
