"""Tells which outputs of kept runs are not in the store any more: a batched existence check (HEAD)."""

from collections.abc import Iterable

from florist.archive.manifest import ArchivedOutput, Manifest
from florist.archive.side_by_side import side_by_side
from florist.stores.store import Store

HEADS_AT_ONCE = 16


async def missing_outputs(store: Store, manifests: Iterable[Manifest]) -> dict[str, tuple[ArchivedOutput, ...]]:
    """Return the outputs that have no object, by the id of their run; runs that miss none are left out.

    For runs that are to be reused: `Archiver.restore(manifest, missing, refresh=…)` brings them back while FLORA
    has them. Sees what is gone, not what is damaged: bytes are compared when they are used, and by
    `florist archive verify --fetch`.

    Raises:
        StoreError: the store could not be asked.
    """
    kept = {manifest.run_id: manifest.outputs for manifest in manifests}
    gone: set[str] = set()

    async def look(key: str) -> None:
        if await store.head(key) is None:
            gone.add(key)

    keys = {output.key for outputs in kept.values() for output in outputs}
    await side_by_side(keys, look, at_once=HEADS_AT_ONCE)
    missing = {
        run_id: tuple(output for output in outputs if output.key in gone) for run_id, outputs in kept.items()
    }
    return {run_id: outputs for run_id, outputs in missing.items() if outputs}
