"""Checks that the archive still holds what its manifests vouch for.

index ─► manifest ─► for each output: is it there, as long as it was, with the hash it was written with
                     and, if its bytes are read again: are they the same
"""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ValidationError, computed_field

from florist.archive.keys import INDEX_FOLDER
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestPointer
from florist.archive.side_by_side import side_by_side
from florist.frozen import FrozenModel
from florist.stores.errors import ObjectMissingError
from florist.stores.store import Store

RUNS_AT_ONCE = 8

Model = TypeVar("Model", bound=BaseModel)


class Fault(StrEnum):
    """What can be wrong with an object."""

    MISSING = "missing"
    DAMAGED = "damaged"


class Finding(FrozenModel):
    """One object that is not what it should be."""

    key: str
    fault: Fault
    message: str


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
        """Whether nothing is wrong."""
        return not self.findings


class Verifier:
    """Verifies one store, several runs at once."""

    def __init__(
        self,
        store: Store,
        *,
        fetch: bool = False,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Say how thoroughly.

        Args:
            fetch: read every byte again; otherwise the store is asked, which in a folder means reading, too.
            on_progress: called after every run with how many are done, and of how many.
        """
        self._store = store
        self._fetch = fetch
        self._tell = on_progress
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
            self._tell(done, len(pointers))

        await side_by_side(pointers, verify_run, at_once=RUNS_AT_ONCE)
        return self._report()

    async def _run(self, pointer_key: str, prefix: str) -> None:
        pointer = await self._read(pointer_key, ManifestPointer)
        if pointer is None or not pointer.manifest_key.startswith(prefix):
            return
        self._runs += 1
        manifest = await self._read(pointer.manifest_key, Manifest)
        if manifest is None:
            return
        if manifest.run_id != pointer.run_id:
            self._found(pointer.manifest_key, Fault.DAMAGED, f"it vouches for another run than {pointer.run_id}")
        for output in manifest.outputs:
            await self._output(output)

    async def _read(self, key: str, model: type[Model]) -> Model | None:
        content = await self._store.read(key)
        if content is None:
            self._found(key, Fault.MISSING, f"the {model.__name__} is gone")
            return None
        try:
            return model.model_validate_json(content)
        except ValidationError:
            self._found(key, Fault.DAMAGED, f"it is not a {model.__name__} any more")
            return None

    async def _output(self, output: ArchivedOutput) -> None:
        self._outputs += 1
        self._size_bytes += output.size_bytes
        stored = await self._store.head(output.key)
        if stored is None:
            self._found(output.key, Fault.MISSING, "there is nothing under this key")
        elif stored.size_bytes != output.size_bytes:
            self._found(
                output.key, Fault.DAMAGED, f"it has {stored.size_bytes:,} bytes, not {output.size_bytes:,}"
            )
        elif stored.sha256 not in (None, output.sha256) or (self._fetch and not await self._is_same(output)):
            self._found(output.key, Fault.DAMAGED, "its bytes are others than those that were kept")

    async def _is_same(self, output: ArchivedOutput) -> bool:
        digest = hashlib.sha256()
        try:
            async for chunk in self._store.stream(output.key):
                digest.update(chunk)
        except ObjectMissingError:
            return False
        return digest.hexdigest() == output.sha256

    def _found(self, key: str, fault: Fault, message: str) -> None:
        self._findings.append(Finding(key=key, fault=fault, message=message))

    def _report(self) -> VerifyReport:
        return VerifyReport(
            location=self._store.location,
            runs=self._runs,
            outputs=self._outputs,
            size_bytes=self._size_bytes,
            fetched=self._fetch,
            findings=tuple(sorted(self._findings, key=lambda finding: finding.key)),
        )
