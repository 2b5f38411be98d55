"""The kept runs of a campaign that people have picked, and what was made of those alone."""

from collections.abc import Collection, Iterable, Mapping

from florist.archive.manifest import Manifest
from florist.campaigns.delivery.errors import DeliveryError
from florist.campaigns.picks.records import PickRecord, Standing, step_of


def picks_of(campaign: str, records: Iterable[PickRecord]) -> dict[str, Standing]:
    """Return what is picked, by the runs that were.

    Raises:
        DeliveryError: nothing is.
    """
    found = {
        standing.run_id: standing
        for record in records
        for standing in record.cells.values()
        if standing.is_picked and standing.run_id
    }
    if not found:
        raise DeliveryError([f"nothing of campaign {campaign} is picked; nothing was delivered"])
    return found


def picked_runs(manifests: Collection[Manifest], picks: Collection[str], gates: Collection[str]) -> dict[str, str]:
    """Return the runs that are picked, or made of picked ones alone, each with the pick that it is nearest to.

    Args:
        picks: the runs that are picked.
        gates: the steps that have gates: what was made of another run of theirs is left out.
    """
    known = {manifest.run_id: manifest for manifest in manifests}
    nearest: dict[str, str | None] = {}

    def pick_above(run_id: str) -> str | None:
        """Return a pick that the run is, or is made of; None where it is made of none, or of an unpicked one."""
        if run_id in picks:
            return run_id
        if run_id not in known or step_of(known[run_id].step or "") in gates:
            return None
        if run_id not in nearest:
            nearest[run_id] = None
            above = dict.fromkeys(entry.run_id for entry in known[run_id].inputs if entry.run_id)
            found = {parent: pick_above(parent) for parent in above}
            if not any(found[parent] is None and _is_gated(parent, known, gates) for parent in above):
                nearest[run_id] = next((pick for pick in found.values() if pick is not None), None)
        return nearest[run_id]

    found = {manifest.run_id: pick_above(manifest.run_id) for manifest in manifests}
    return {run_id: pick for run_id, pick in found.items() if pick is not None}


def _is_gated(run_id: str, known: Mapping[str, Manifest], gates: Collection[str]) -> bool:
    manifest = known.get(run_id)
    return manifest is not None and step_of(manifest.step or "") in gates
