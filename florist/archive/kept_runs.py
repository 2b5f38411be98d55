"""A run as the archive tells it: FLORA need not know it any more."""

from florist.api.models import Output, Run, RunStatus
from florist.archive.manifest import Manifest
from florist.secrets import SignedUrl


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
