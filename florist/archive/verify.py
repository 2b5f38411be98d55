"""Read-back verification: whether the archive still holds what its manifests vouch for, and mending what it lacks.

index ─► manifest ─► for each output: is it there, as long as it was, with the hash it was written with
                     and, if its bytes are read again: are they the same
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, computed_field

from florist.archive.keys import INDEX_FOLDER
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestPointer
from florist.archive.mend import sha256_in
from florist.archive.records import parsed_record
from florist.archive.side_by_side import side_by_side
from florist.errors import FloristError
from florist.frozen import FrozenModel
from florist.stores.errors import IntegrityError, StoreError, UnsafeKeyError
from florist.stores.store import Store

RUNS_AT_ONCE = 8

Model = TypeVar("Model", bound=BaseModel)
Mend = Callable[[Manifest, ArchivedOutput], Awaitable[str]]
"""Repairs an output, and returns what was done: `Mender.mend`."""


class Fault(StrEnum):
    """What can be wrong with an object."""

    MISSING = "missing"
    DAMAGED = "damaged"


class Finding(FrozenModel):
    """One object that is not what it should be, or was not before it was mended."""

    key: str
    fault: Fault
    message: str
    is_mended: bool = False


class VerifyReport(FrozenModel):
    """What was looked at, and what is wrong with it."""

    location: str
    runs: int = 0
    outputs: int = 0
    size_bytes: int = 0
    fetched: bool = False
    findings: tuple[Finding, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(finding.is_mended for finding in self.findings)


class Verifier:
    """Verifies one store, several runs at once."""

    def __init__(
        self,
        store: Store,
        *,
        fetch: bool = False,
        mend: Mend | None = None,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Say how thoroughly.

        Args:
            fetch: read every byte again; otherwise the store is asked, which in a folder means reading, too.
            mend: repairs what is wrong with an output; a manifest cannot be made again.
            on_progress: called after every run with how many are done, and of how many.
        """
        self._store = store
        self._fetch = fetch
        self._mend = mend
        self._on_progress = on_progress
        self._runs = self._outputs = self._size_bytes = 0
        self._findings: list[Finding] = []

    async def verify(self, prefix: str = "") -> VerifyReport:
        """Verify the runs whose manifest's key begins so; all if it is empty.

        Raises:
            StoreError: the store could not be asked.
        """
        pointers = [item.key async for item in self._store.list(INDEX_FOLDER)]
        done = 0

        async def verify_run(pointer_key: str) -> None:
            nonlocal done
            await self._run(pointer_key, prefix)
            done += 1
            self._on_progress(done, len(pointers))

        await side_by_side(pointers, verify_run, at_once=RUNS_AT_ONCE)
        return self._report()

    async def _run(self, pointer_key: str, prefix: str) -> None:
        pointer = await self._read(
            pointer_key, ManifestPointer, remedy=f"delete {pointer_key} and sweep with --full"
        )
        if pointer is None or not pointer.manifest_key.startswith(prefix):
            return
        self._runs += 1
        remedy = f"delete it and {pointer_key}, and sweep with --full: that keeps the run anew"
        manifest = await self._read(pointer.manifest_key, Manifest, remedy=remedy)
        if manifest is None:
            return
        if manifest.run_id != pointer.run_id:
            self._found(pointer.manifest_key, Fault.DAMAGED, f"it vouches for another run than {pointer.run_id}")
        for output in manifest.outputs:
            await self._output(manifest, output)

    async def _read(self, key: str, model: type[Model], *, remedy: str) -> Model | None:
        try:
            content = await self._store.read(key)
        except UnsafeKeyError:
            content = None
        if content is None:
            self._found(key, Fault.MISSING, f"the {model.__name__} is gone; {remedy}")
            return None
        try:
            return parsed_record(model, content, key)
        except IntegrityError:
            self._found(key, Fault.DAMAGED, f"it is not a {model.__name__} any more; {remedy}")
            return None

    async def _output(self, manifest: Manifest, output: ArchivedOutput) -> None:
        self._outputs += 1
        self._size_bytes += output.size_bytes
        found = await self._fault(output)
        if found is None:
            return
        fault, message = found
        if self._mend is None:
            self._found(output.key, fault, message)
            return
        try:
            done = await self._mend(manifest, output)
        except FloristError as error:
            if isinstance(error, StoreError) and error.is_retryable:
                raise
            self._found(output.key, fault, f"{message}; not mended: {error}")
        else:
            self._found(output.key, fault, f"{message}; {done}", is_mended=True)

    async def _fault(self, output: ArchivedOutput) -> tuple[Fault, str] | None:
        try:
            stored = await self._store.head(output.key)
        except UnsafeKeyError:
            return Fault.DAMAGED, "its manifest names a key that cannot be"
        if stored is None:
            return Fault.MISSING, "there is nothing under this key"
        if stored.size_bytes != output.size_bytes:
            return Fault.DAMAGED, f"it has {stored.size_bytes:,} bytes, not {output.size_bytes:,}"
        is_other = stored.sha256 not in (None, output.sha256)
        if is_other or (self._fetch and await sha256_in(self._store, output.key) != output.sha256):
            return Fault.DAMAGED, "its bytes are others than those that were kept"
        return None

    def _found(self, key: str, fault: Fault, message: str, *, is_mended: bool = False) -> None:
        self._findings.append(Finding(key=key, fault=fault, message=message, is_mended=is_mended))

    def _report(self) -> VerifyReport:
        return VerifyReport(
            location=self._store.location,
            runs=self._runs,
            outputs=self._outputs,
            size_bytes=self._size_bytes,
            fetched=self._fetch,
            findings=tuple(sorted(self._findings, key=lambda finding: finding.key)),
        )
