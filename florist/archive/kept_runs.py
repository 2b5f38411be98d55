"""A run as the archive tells it: FLORA need not know it any more."""

from florist.api.models import Output, Run, RunStatus
from florist.archive.keys import index_key
from florist.archive.manifest import Manifest, ManifestPointer
from florist.archive.records import parsed_record
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError
from florist.stores.store import Store


async def manifest_of(store: Store, run_id: str) -> Manifest | None:
    """Return the manifest of a run, wherever it is kept; None if the run is not kept."""
    content = await store.read(index_key(run_id))
    if content is None:
        return None
    pointer = parsed_record(ManifestPointer, content, index_key(run_id))
    return await read_manifest(store, pointer.manifest_key, run_id)


async def read_manifest(store: Store, key: str, run_id: str) -> Manifest | None:
    """Return the manifest under a key; None if there is none.

    Raises:
        IntegrityError: it is damaged, or vouches for another run.
    """
    content = await store.read(key)
    if content is None:
        return None
    manifest = parsed_record(Manifest, content, key)
    if manifest.run_id != run_id:
        raise IntegrityError(f"{key} should vouch for run {run_id}, and does for {manifest.run_id}")
    return manifest


def run_of(manifest: Manifest) -> Run:
    """Return the completed run of a manifest; its URLs are dropped ones, short texts are there."""
    outputs = tuple(
        Output(
            output_id=output.output_id,
            type=output.type,
            url=None if output.text is not None else SignedUrl(f"redacted:{output.key}"),
            text=output.text,
        )
        for output in manifest.outputs
    )
    return Run(
        run_id=manifest.run_id,
        status=RunStatus.COMPLETED,
        progress=100,
        created_at=manifest.created_at,
        started_at=manifest.started_at,
        completed_at=manifest.completed_at,
        charged_usd=manifest.charged_usd,
        outputs=outputs,
    )
