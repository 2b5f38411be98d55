"""Batched existence check (HEAD): which outputs of kept runs are not in the store any more."""

from collections.abc import Iterable

from florist.archive.manifest import ArchivedOutput, Manifest
from florist.stores.store import Store


async def missing_outputs(store: Store, manifests: Iterable[Manifest]) -> dict[str, tuple[ArchivedOutput, ...]]:
    """Return the outputs that have no object, by the id of their run; runs that miss none are left out.

    For runs that are to be reused: `Archiver.restore(manifest, missing, refresh=…)` brings them back while FLORA
    has them. Sees what is gone, not what is damaged: bytes are compared when they are used, and by
    `florist archive verify --fetch`.

    Raises:
        StoreError: the store could not be asked.
    """
    kept = {manifest.run_id: manifest.outputs for manifest in manifests}
    present = await store.present({output.key for outputs in kept.values() for output in outputs})
    missing = {
        run_id: tuple(output for output in outputs if output.key not in present)
        for run_id, outputs in kept.items()
    }
    return {run_id: outputs for run_id, outputs in missing.items() if outputs}
