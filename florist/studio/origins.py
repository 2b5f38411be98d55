"""Where a run came from, as its manifest tells it: the one place that makes this out of a ledger entry."""

from collections.abc import Iterable, Mapping

from florist.api.models import MediaKind
from florist.archive.manifest import ArchivedOutput, ManifestInput, Parent, RunOrigin
from florist.ledger import Entry, InputIdentity
from florist.studio.steps import StartedStep, Upstream


def origin_of(started: StartedStep, upstream: Upstream) -> RunOrigin:
    """Return the origin of a step's run."""
    step, entry = started.step, started.entry
    origin = with_entry(
        RunOrigin(
            technique_id=entry.work.technique_id,
            technique=step.technique,
            technique_name=step.technique_name,
            technique_hash=step.technique_hash or None,
            axes=step.axes,
        ),
        entry,
        types={planned.id: planned.type for planned in step.inputs},
        parents=(_parent(identity, upstream) for identity in entry.work.inputs),
    )
    # The flow run that made it, also where the piece of work is a campaign's.
    return origin.model_copy(update={"flow_run_id": started.row.flow_run_id, "axes": step.axes})


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
            "started_by": entry.started_by,
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


def _parent(identity: InputIdentity, upstream: Upstream) -> Parent | None:
    for result in upstream.values():
        if result.run.run_id == identity.run_id and identity.output_index is not None:
            return parent_of(result.run.run_id, result.outputs[identity.output_index])
    return None
