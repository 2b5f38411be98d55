"""Where a run came from, as its manifest tells it: the one place that makes this out of a ledger entry."""

from collections.abc import Iterable, Mapping

from florist.api.models import MediaKind
from florist.archive.manifest import ArchivedOutput, ManifestInput, Parent, RunOrigin
from florist.ledger import Entry, InputIdentity


def with_entry(
    origin: RunOrigin, entry: Entry, *, types: Mapping[str, MediaKind], parents: Iterable[Parent | None]
) -> RunOrigin:
    """Return the origin completed by what the ledger knows of the run.

    Args:
        origin: names the technique.
        types: of the technique's inputs, by their ids; an input whose type is not known is left out.
        parents: what of earlier runs it was made from; None for an input that no run made.
    """
    work = entry.work
    return origin.model_copy(
        update={
            "inputs": tuple(_input(one, types[one.id]) for one in work.inputs if one.id in types),
            "parents": tuple(parent for parent in parents if parent),
            "campaign": work.campaign,
            "row": work.row or None,
            "step": work.step or None,
            "flow_run_id": work.flow_run_id,
            "ledger_key": entry.key,
        }
    )


def parent_of(run_id: str, output: ArchivedOutput) -> Parent:
    """Return an output of an earlier run as what a later one was made from."""
    return Parent(run_id=run_id, index=output.index, key=output.key, sha256=output.sha256)


def _input(identity: InputIdentity, kind: MediaKind) -> ManifestInput:
    return ManifestInput(
        id=identity.id,
        type=kind,
        text=identity.text,
        source=identity.source or None,
        sha256=identity.sha256,
        run_id=identity.run_id,
        index=identity.output_index,
    )
