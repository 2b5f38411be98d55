"""What a walk will do, and what it will cost: known before the first run is paid for.

`planner.py` makes a plan. Once steps are done, `resolve_inputs` says where each input of the next comes from.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from pydantic import Field

from florist.api.models import MediaKind
from florist.frozen import FrozenModel
from florist.pipelines.errors import UpstreamOutputError
from florist.pipelines.fitting import PlannedInput
from florist.pipelines.gates import PlannedGate
from florist.pipelines.generations import PlannedGeneration
from florist.pipelines.references import OutputReference, Template
from florist.pipelines.sources import KIND_NAMES, InputSource, JoinedSource, OutputSource, TextSource
from florist.pipelines.wiring import longest_chain
from florist.wording import shortened


class PlannedStep(FrozenModel):
    """One cell of a row: a step at one place on its axes, ready to run as soon as the cells it needs are done.

    Attributes:
        name: unique within the row, and what everybody calls it: `still` or, on an axis, `still@playful`.
        step: what the pipeline calls the step.
        axes: its value on each axis; of `variations`, the number, under `variation`, and that of an earlier step
            under `<step>.variation`.
        needs: the cells whose outputs it takes, by their names.
        generation: what is run where it is no technique; `technique` and `technique_id` name its model then.
        price_usd: None where FLORA tells none.
        ceiling_usd: what the pipeline says that one run may cost at most.
        stands_on: the picked cells that it takes outputs of, each with the run that was picked, if that is known.
        collects: the steps of which it takes all cells that there are.
    """

    name: str
    step: str = Field(default_factory=lambda data: data.get("name", ""))
    axes: Mapping[str, str] = {}
    technique: str
    technique_id: str
    technique_name: str = ""
    generation: PlannedGeneration | None = None
    description: str = ""
    inputs: tuple[PlannedInput, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: float | None = None
    price_usd: Decimal | None = None
    ceiling_usd: Decimal | None = None
    technique_hash: str = ""
    stands_on: Mapping[str, str] = {}
    collects: tuple[str, ...] = ()


class PlanRow(NamedTuple):
    """A cell as a table shows it."""

    step: str
    axes: str
    technique: str
    needs: str
    inputs: str
    price_usd: Decimal | None


class Plan(FrozenModel):
    """The cells of one walk, each after all it needs.

    Attributes:
        awaiting: cells that are made once people have picked, those among them that picks let through.
        gates: at which they pick.
        after_picks_usd: what the awaiting cells may come to at most.
    """

    pipeline: str
    steps: tuple[PlannedStep, ...]
    awaiting: tuple[PlannedStep, ...] = ()
    gates: tuple[PlannedGate, ...] = ()
    after_picks_usd: Decimal = Decimal(0)

    @property
    def open_gate(self) -> PlannedGate | None:
        """The gate at which the row waits for picks; None if it does not."""
        return next((gate for gate in self.gates if gate.is_open), None) if self.awaiting else None

    @property
    def price_usd(self) -> Decimal:
        """What the walk costs if every step runs once; without the `unpriced` steps."""
        return sum((step.price_usd for step in self.steps if step.price_usd is not None), Decimal(0))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The steps whose price FLORA does not tell."""
        return tuple(dict.fromkeys(step.step for step in self.steps if step.price_usd is None))

    @property
    def longest_chain(self) -> tuple[str, ...]:
        """The longest sequence of steps that cannot run side by side."""
        return longest_chain({step.name: step.needs for step in self.steps})

    def table(self) -> tuple[PlanRow, ...]:
        """Return a row for each step; the fields of `PlanRow` are the headings. No signed URL is in it."""
        return tuple(
            PlanRow(
                step.name,
                ", ".join(f"{axis}={shortened(value)}" for axis, value in step.axes.items()),
                step.technique,
                ", ".join(step.needs),
                ", ".join(f"{entry.id} ← {_shown(entry.value)}" for entry in step.inputs),
                step.price_usd,
            )
            for step in self.steps
        )


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


def _shown(value: InputSource | Template) -> str:
    if not isinstance(value, Template):
        return str(value)
    return ", ".join(dict.fromkeys(output.step for output in value.outputs))
