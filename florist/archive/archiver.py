"""Keeps a run: its outputs written and verified, then the manifest that vouches for them, then its index entry.

The manifest is a commit record: without it a run does not count as kept, and doing it again finds what is there.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from florist.api.models import Run
from florist.archive.download import Fetch
from florist.archive.errors import ArchiveError, OutputExpiredError
from florist.archive.fresh_urls import FreshUrls, Refresh, with_outputs
from florist.archive.kept_runs import manifest_of, read_manifest
from florist.archive.keys import Layout, RunPlace, index_key
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestPointer, RunOrigin
from florist.archive.transfers import Transfers
from florist.stores.errors import IntegrityError, KeyTakenError
from florist.stores.store import Store
from florist.stores.written import written_in

T = TypeVar("T")


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
            outputs_at_once: transfers of more than a megabyte at once, over all runs; the one whose URL dies
                first goes next. Each takes some 40 MiB for media on S3.
            now: FLORA's time, which the ends that URLs state are told in.
        """
        self._store = store
        self._written = written_in(store, "manifests")
        self._layout = layout or Layout()
        self._transfers = Transfers(store, fetch, at_once=outputs_at_once)
        self._now = now

    async def keep(
        self, run: Run, origin: RunOrigin, *, refresh: Refresh | None = None, is_new: bool = False
    ) -> Manifest:
        """Keep all outputs of a completed run, then its manifest; nothing is fetched for a run that is kept.

        A crash before the manifest leaves whole outputs at most; doing it again finds them the same.
        One output's failure does not stop the others from being kept.

        Args:
            refresh: reads the run again, for fresh URLs where those in `run` have died or were dropped.
            is_new: nobody can have kept it yet; saves looking whether somebody has.

        Raises:
            RunWithoutOutputsError: there is nothing to keep; it was charged all the same.
            OutputExpiredError: the stated end of an output's URL has passed, and FLORA has no other.
            OutputRefusedError: an output's URL does not open, though it says no such end: try again later.
            TransferError: or `IntegrityError`: the bytes could not be had as promised.
            StoreError: the store could not take them.
            KeyTakenError: other bytes are kept for this run already.
        """
        _check_id(run.run_id)
        kept = None if is_new else await self.manifest_of(run.run_id)
        if kept is not None:
            return kept
        if run.created_at is None:  # it may belong to a day all the same
            run = await with_outputs(run, refresh)
        place = _place(run, origin)
        manifest_key = self._layout.manifest_key(place)
        kept = None if is_new else await read_manifest(self._store, manifest_key, run.run_id)
        if kept is None:
            urls = FreshUrls(await with_outputs(run, refresh), refresh, now=self._now)
            outputs = await self._keep_outputs(urls, place)
            kept = await self._keep_manifest(manifest_key, _manifest(urls.run, origin, outputs, self._now()))
        pointer = ManifestPointer(run_id=run.run_id, manifest_key=manifest_key)
        if await self._store.create(index_key(run.run_id), pointer.to_json()):
            return kept
        # Someone kept the same run elsewhere at the same time; from now on all are told of that copy.
        return await self.manifest_of(run.run_id) or kept

    async def restore(
        self,
        manifest: Manifest,
        outputs: Iterable[ArchivedOutput],
        *,
        refresh: Refresh,
        key_of: Callable[[ArchivedOutput], str] = lambda output: output.key,
    ) -> None:
        """Fetch outputs of a kept run again, and write them where they were: for objects that are missing.

        The manifest stays as it is: bytes are written only if they have the SHA-256 it tells. Short texts come
        from the manifest itself. Safe to repeat, and for several processes to do at once.

        Args:
            outputs: those of the manifest's that are gone; `florist.archive.presence` tells which.
            refresh: reads the run at FLORA; called once, and again if a URL turns out to be dead.
            key_of: where else to write them.

        Raises:
            APIError: FLORA does not know the run any more, or could not be asked.
            OutputExpiredError: or `OutputRefusedError`: it knows the run, and has no URL that opens.
            IntegrityError: FLORA's bytes are others than those that were kept; nothing was written.
            KeyTakenError: the object is not missing but damaged: `florist archive verify --mend` replaces it.
        """
        run_id = manifest.run_id
        gone = [
            output
            for output in outputs
            if not await self._transfers.restore_text(run_id, output, key=key_of(output))
        ]
        if not gone:
            return
        urls = FreshUrls(await with_outputs(await refresh(), None), refresh, now=self._now)
        deadlines = dict(urls.most_urgent_first())
        if urls.run.run_id != run_id or any(output.index not in deadlines for output in gone):
            raise IntegrityError(f"FLORA has other outputs of run {run_id} than were kept; look at it there")
        await _all_of(
            self._transfers.restore(urls, output, key=key_of(output), deadline=deadlines[output.index])
            for output in gone
        )

    async def manifest_of(self, run_id: str) -> Manifest | None:
        """Return the manifest of a run, wherever it is kept; None if the run is not kept."""
        return await manifest_of(self._store, run_id)

    async def _keep_outputs(self, urls: FreshUrls, place: RunPlace) -> tuple[ArchivedOutput, ...]:
        """Keep all outputs side by side, those whose URLs die first ahead of the others."""

        def keep(index: int, deadline: datetime) -> Coroutine[Any, Any, ArchivedOutput]:
            def key_of(extension: str) -> str:
                return self._layout.output_key(place, index, extension)

            return self._transfers.keep(urls, index, key_of=key_of, deadline=deadline)

        kept = await _all_of(keep(index, deadline) for index, deadline in urls.most_urgent_first())
        return tuple(sorted(kept, key=lambda output: output.index))

    async def _keep_manifest(self, key: str, manifest: Manifest) -> Manifest:
        data = manifest.to_json()
        if await self._store.create(key, data):
            self._written.note(key, data)
            return manifest
        standing = await read_manifest(self._store, key, manifest.run_id)
        if standing is None or standing.outputs != manifest.outputs:
            raise KeyTakenError(f"{key} vouches for other outputs of run {manifest.run_id}", key=key)
        return standing


async def _all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of it side by side and to its end, also where one fails; then raise a failure.

    One that may pass goes before one that may not: what can still be had must not wait because of what cannot.
    """
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    failures = [failure for task in tasks if (failure := task.exception())]
    for failure in sorted(failures, key=lambda failure: isinstance(failure, OutputExpiredError)):
        raise failure
    return [task.result() for task in tasks]


def _check_id(run_id: str) -> None:
    try:
        run_id.encode()
    except UnicodeEncodeError:
        raise ArchiveError(
            f"run {run_id!a} has an id that is not valid Unicode; no manifest can name it"
        ) from None


def _place(run: Run, origin: RunOrigin) -> RunPlace:
    return RunPlace(
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
