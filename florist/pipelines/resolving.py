"""Where each input of a step comes from, once the steps that it needs are done."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from florist.api.models import MediaKind
from florist.frozen import FrozenModel
from florist.pipelines.errors import UpstreamOutputError
from florist.pipelines.fitting import PlannedInput
from florist.pipelines.planning import PlannedStep
from florist.pipelines.references import OutputReference, Template
from florist.pipelines.sources import KIND_NAMES, InputSource, JoinedSource, OutputSource, TextSource


class ResolvedInput(FrozenModel):
    """One input of a step that is about to run, and where its value comes from."""

    id: str
    type: MediaKind
    source: InputSource


class UpstreamOutput(Protocol):
    """What must be known of an output to hand it on: FLORA's and the archive's will do."""

    @property
    def output_id(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> MediaKind: ...  # noqa: D102


def resolve_inputs(
    step: PlannedStep, upstream: Mapping[str, Sequence[UpstreamOutput]]
) -> tuple[ResolvedInput, ...]:
    """Return where each input of a step comes from, now that the steps it needs are done.

    Args:
        upstream: the outputs of each step it needs, in the order in which its run tells them.

    Raises:
        UpstreamOutputError: a run brought fewer outputs, or of another kind, than its technique declares.
    """
    return tuple(
        ResolvedInput(id=entry.id, type=entry.type, source=_resolved(step.name, entry, upstream))
        for entry in step.inputs
    )


def _resolved(step: str, entry: PlannedInput, upstream: Mapping[str, Sequence[UpstreamOutput]]) -> InputSource:
    if not isinstance(entry.value, Template):
        return entry.value
    parts: list[TextSource | OutputSource] = []
    for part in entry.value.parts:
        if isinstance(part, OutputReference):
            index = output_index(part, upstream.get(part.step, ()))
            found = upstream[part.step][index].type
            if found is not entry.type:
                raise UpstreamOutputError(
                    f"{step}.{entry.id} takes {KIND_NAMES[entry.type]}, but {part} came as {KIND_NAMES[found]}"
                )
            parts.append(OutputSource(step=part.step, index=index))
        else:
            parts.append(TextSource(text=str(part)))
    return parts[0] if len(parts) == 1 else JoinedSource(parts=tuple(parts))


def output_index(reference: OutputReference, outputs: Sequence[UpstreamOutput]) -> int:
    """Return which of a run's outputs is meant.

    Raises:
        UpstreamOutputError: none, or for `output` not exactly one.
    """
    ids = [output.output_id for output in outputs]
    match reference.output:
        case None if len(ids) == 1:
            return 0
        case int(index) if index < len(ids):
            return index
        case str(output_id) if output_id in ids:
            return ids.index(output_id)
    brought = f"outputs {', '.join(ids)}" if ids else "no outputs"
    raise UpstreamOutputError(f"{reference} does not fit what step {reference.step} brought: {brought}")
