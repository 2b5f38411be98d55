"""Kept runs, made by hand, and archives that hold them."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from florist.archive.keys import Layout, RunPlace, index_key
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestInput, ManifestPointer
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.s3_servers.fixtures import moto, seaweedfs_http

__all__ = ["moto", "seaweedfs_http"]

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)


def made(
    row: str = "sku-1",
    step: str = "still",
    *,
    run: str | None = None,
    outputs: int = 1,
    axes: dict[str, str] | None = None,
    inputs: tuple[ManifestInput, ...] = (),
    minutes: int = 0,
    content: str | None = None,
) -> tuple[Manifest, list[bytes]]:
    """A kept run of campaign `spring`, and the bytes of its outputs."""
    run_id = run or f"run_{hashlib.sha256(f'{row} {step}'.encode()).hexdigest()[:20]}"
    place = RunPlace(run_id, "key-visual", NOON, "spring", row, step)
    contents = [(content or f"{run_id} {index}").encode() for index in range(outputs)]
    kept = [
        ArchivedOutput(
            index=index,
            output_id=f"image_{index}",
            type="imageUrl",
            key=Layout().output_key(place, index, "png"),
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            media_type="image/png",
        )
        for index, data in enumerate(contents)
    ]
    manifest = Manifest(
        technique_id="tech_1",
        technique="key-visual",
        campaign="spring",
        row=row,
        step=step,
        axes=axes or {},
        inputs=inputs,
        run_id=run_id,
        charged_usd=Decimal("0.08"),
        created_at=NOON + timedelta(minutes=minutes),
        archived_at=NOON,
        outputs=tuple(kept),
    )
    return manifest, contents


async def keep(store: Store, *runs: tuple[Manifest, list[bytes]]) -> None:
    """Have an archive hold these runs."""
    for manifest, contents in runs:
        for output, data in zip(manifest.outputs, contents, strict=True):
            await store.write(output.key, _once(data), media_type=output.media_type)
        key = f"{manifest.outputs[0].key.rpartition('-0.')[0]}.json"
        await store.create(key, manifest.to_json())
        pointer = ManifestPointer(run_id=manifest.run_id, manifest_key=key)
        await store.create(index_key(manifest.run_id), pointer.to_json())


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def content(store: Store) -> dict[str, bytes]:
    """Everything in a store, by its key, the notes of the store itself left out."""
    keys = [item.key async for item in store.list("") if not item.key.startswith("checks/")]
    return {key: await store.read(key) or b"" for key in sorted(keys)}


@pytest.fixture
def archive(tmp_path) -> FolderStore:
    return FolderStore(tmp_path / "archive")


@pytest.fixture(params=["folder", "moto"])
def target(request: pytest.FixtureRequest, tmp_path) -> Any:
    """Where is delivered to."""
    if request.param == "folder":
        return FolderStore(tmp_path / "delivered")
    return request.getfixturevalue("moto").store()
