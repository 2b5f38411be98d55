"""The kept runs of a campaign that people have picked, and what was made of those alone."""

from collections.abc import Iterable

from florist.archive.manifest import Manifest
from florist.campaigns.picks.behind import PickedCells
from florist.campaigns.picks.records import Standing


def picked_runs(manifests: Iterable[Manifest], picked: PickedCells) -> dict[str, Standing]:
    """Return what stands for each run that is picked, or was made of picks that stand, by the runs."""
    found = {manifest.run_id: _pick_of(manifest, picked) for manifest in manifests}
    return {run_id: pick for run_id, pick in found.items() if pick is not None}


def _pick_of(manifest: Manifest, picked: PickedCells) -> Standing | None:
    campaign, row, cell = manifest.campaign or "", manifest.row or "", manifest.step or ""
    own = picked.own(campaign, row, cell, manifest.run_id)
    if own is not None:
        return own if own.is_picked else None
    above = picked.above(campaign, row, cell)
    return above[0] if above and all(standing.is_picked for standing in above) else None
