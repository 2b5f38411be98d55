"""Keeps the outputs of a run: each fetched, verified and stored, then the manifest that vouches for them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from florist.api.models import MediaKind, Output, Run
from florist.archive.formats import UNKNOWN, MediaType
from florist.archive.fresh_urls import FreshUrls, Refresh, with_outputs
from florist.archive.keys import Layout, Place, index_key
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestPointer, RunOrigin
from florist.archive.priority_semaphore import PrioritySemaphore
from florist.archive.transfer import UNKNOWN_FORMAT, Fetch, transferred
from florist.stores.errors import IntegrityError, KeyTakenError
from florist.stores.store import Store, StoredObject

Model = TypeVar("Model", bound=BaseModel)

TEXT_BYTES_IN_MANIFEST = 16 * 1024
"""Texts up to this size are repeated in the manifest, so that a later step needs no second read."""


class Archiver:
    """Keeps runs in one store. Safe to repeat, and for several processes to do at once."""

    def __init__(
        self,
        store: Store,
        *,
        fetch: Fetch,
        layout: Layout | None = None,
        outputs_at_once: int = 4,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take a store and a way to fetch.

        Args:
            fetch: yields the bytes behind a URL: `Downloader.fetch`.
            outputs_at_once: transfers at once, over all runs; the one whose URL dies first goes next. Each takes
                some 40 MiB for media on S3.
        """
        self._store = store
        self._fetch = fetch
        self._layout = layout or Layout()
        self._transfers = PrioritySemaphore(outputs_at_once)
        self._now = now

    async def keep(self, run: Run, origin: RunOrigin, *, refresh: Refresh | None = None) -> Manifest:
        """Keep all outputs of a completed run, then its manifest; nothing is fetched for a run that is kept.

        A crash before the manifest leaves whole outputs at most; doing it again finds them the same.
        One output's failure does not stop the others from being kept.

        Args:
            refresh: reads the run again, for fresh URLs where those in `run` have died or were dropped.

        Raises:
            RunWithoutOutputsError: there is nothing to keep; it was charged all the same.
            OutputExpiredError: an output has no living URL any more.
            TransferError: or `IntegrityError`: the bytes could not be had as promised.
            StoreError: the store could not take them.
            KeyTakenError: other bytes are kept for this run already.
        """
        if kept := await self.manifest_of(run.run_id):
            return kept
        place = _place(run, origin)
        manifest_key = self._layout.manifest_key(place)
        kept = await self._read_manifest(manifest_key, run.run_id)
        if kept is None:
            sources = FreshUrls(await with_outputs(run, refresh), refresh)
            outputs = await self._keep_outputs(sources, place)
            kept = await self._keep_manifest(manifest_key, _manifest(sources.run, origin, outputs, self._now()))
        pointer = ManifestPointer(run_id=run.run_id, manifest_key=manifest_key)
        if await self._store.create(index_key(run.run_id), pointer.to_json()):
            return kept
        # Someone kept the same run elsewhere at the same time; from now on all are told of that copy.
        return await self.manifest_of(run.run_id) or kept

    async def manifest_of(self, run_id: str) -> Manifest | None:
        """Return the manifest of a run, wherever it is kept; None if the run is not kept."""
        content = await self._store.read(index_key(run_id))
        if content is None:
            return None
        pointer = _parsed(ManifestPointer, content, index_key(run_id))
        return await self._read_manifest(pointer.manifest_key, run_id)

    async def _read_manifest(self, key: str, run_id: str) -> Manifest | None:
        content = await self._store.read(key)
        if content is None:
            return None
        manifest = _parsed(Manifest, content, key)
        if manifest.run_id != run_id:
            raise IntegrityError(f"{key} should vouch for run {run_id}, and does for {manifest.run_id}")
        return manifest

    async def _keep_outputs(self, sources: FreshUrls, place: Place) -> tuple[ArchivedOutput, ...]:
        """Keep all outputs side by side, those whose URLs die first ahead of the others."""
        transfers = {
            index: asyncio.create_task(self._keep_output(sources, place, index, deadline))
            for index, deadline in sources.most_urgent_first(self._now())
        }
        try:
            await asyncio.wait(transfers.values())
        finally:
            for transfer in transfers.values():
                transfer.cancel()
            await asyncio.gather(*transfers.values(), return_exceptions=True)
        return tuple(transfers[index].result() for index in sorted(transfers))

    async def _keep_output(
        self, sources: FreshUrls, place: Place, index: int, deadline: datetime
    ) -> ArchivedOutput:
        async with self._transfers.taken(deadline):
            output = sources.run.outputs[index]
            return await transferred(
                sources,
                index,
                self._fetch,
                lambda chunks, media: self._store_output(place, index, output, chunks, media),
            )

    async def _store_output(
        self, place: Place, index: int, output: Output, chunks: AsyncIterator[bytes], media: MediaType
    ) -> ArchivedOutput:
        stored = await self._store.write(
            self._layout.output_key(place, index, media.extension),
            chunks,
            media_type=media.name,
            metadata={"run-id": place.run_id, "output-index": str(index)},
        )
        if stored.sha256 is None:
            raise IntegrityError(f"{self._store.location} wrote {stored.key} without a hash")
        return ArchivedOutput(
            index=index,
            output_id=output.output_id,
            type=output.type,
            key=stored.key,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            media_type=media.name,
            warning=UNKNOWN_FORMAT if media == UNKNOWN else None,
            text=await self._short_text(output, stored),
        )

    async def _short_text(self, output: Output, stored: StoredObject) -> str | None:
        if output.type is not MediaKind.TEXT or stored.size_bytes > TEXT_BYTES_IN_MANIFEST:
            return None
        content = await self._store.read(stored.key) if output.text is None else output.text.encode()
        return None if content is None else content.decode("utf-8-sig")

    async def _keep_manifest(self, key: str, manifest: Manifest) -> Manifest:
        if await self._store.create(key, manifest.to_json()):
            return manifest
        standing = await self._read_manifest(key, manifest.run_id)
        if standing is None or standing.outputs != manifest.outputs:
            raise KeyTakenError(f"{key} vouches for other outputs of run {manifest.run_id}", key=key)
        return standing


def _place(run: Run, origin: RunOrigin) -> Place:
    return Place(
        run_id=run.run_id,
        technique=origin.technique,
        created_at=run.created_at,
        campaign=origin.campaign,
        row=origin.row,
        step=origin.step,
    )


def _manifest(run: Run, origin: RunOrigin, outputs: tuple[ArchivedOutput, ...], now: datetime) -> Manifest:
    return Manifest(
        **dict(origin),
        run_id=run.run_id,
        charged_usd=run.charged_usd,
        created_at=run.created_at,
        started_at=run.started_at,
        completed_at=run.completed_at,
        archived_at=now,
        outputs=outputs,
    )


def _parsed(model: type[Model], content: bytes, key: str) -> Model:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise IntegrityError(f"{key} in the archive is not a {model.__name__} any more; look at it") from error
