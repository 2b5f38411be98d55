"""What a walk will do, and what it will cost: known before the first run is paid for.

`plan` holds a pipeline against its params and the definitions of its techniques, and finds all that is wrong
without starting anything. Once steps are done, `resolve_inputs` says where each input of the next comes from.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol

from florist.api.models import MediaKind, Technique
from florist.frozen import FrozenModel
from florist.pipelines.errors import PlanError, UpstreamOutputError
from florist.pipelines.fitting import PlannedInput, fitted_inputs
from florist.pipelines.models import Pipeline
from florist.pipelines.param_values import param_values
from florist.pipelines.problems import Problem
from florist.pipelines.references import OutputReference, Template
from florist.pipelines.sources import KIND_NAMES, InputSource, JoinedSource, OutputSource, TextSource
from florist.pipelines.technique_hash import technique_hash
from florist.pipelines.wiring import in_order, longest_chain, wiring_problems
from florist.wording import did_you_mean, quoted


class PlannedStep(FrozenModel):
    """One step, ready to run as soon as those it needs are done. `price_usd` is None where FLORA tells none."""

    name: str
    technique: str
    technique_id: str
    technique_name: str = ""
    description: str = ""
    inputs: tuple[PlannedInput, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: float | None = None
    price_usd: Decimal | None = None
    technique_hash: str = ""


class PlanRow(NamedTuple):
    """A step as a table shows it."""

    step: str
    technique: str
    needs: str
    inputs: str
    price_usd: Decimal | None


class Plan(FrozenModel):
    """The steps of one walk, each after all it needs."""

    pipeline: str
    steps: tuple[PlannedStep, ...]

    @property
    def price_usd(self) -> Decimal:
        """What the walk costs if every step runs once; without the `unpriced` steps."""
        return sum((step.price_usd for step in self.steps if step.price_usd is not None), Decimal(0))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The steps whose price FLORA does not tell."""
        return tuple(step.name for step in self.steps if step.price_usd is None)

    @property
    def longest_chain(self) -> tuple[str, ...]:
        """The longest sequence of steps that cannot run side by side."""
        return longest_chain({step.name: step.needs for step in self.steps})

    def table(self) -> tuple[PlanRow, ...]:
        """Return a row for each step; the fields of `PlanRow` are the headings. No signed URL is in it."""
        return tuple(
            PlanRow(
                step.name,
                step.technique,
                ", ".join(step.needs),
                ", ".join(f"{entry.id} ← {_shown(entry.value)}" for entry in step.inputs),
                step.price_usd,
            )
            for step in self.steps
        )


def plan(
    pipeline: Pipeline,
    params: Mapping[str, object],
    definitions: Mapping[str, Technique],
    *,
    folder: Path | None = None,
    known: Iterable[str] = (),
) -> Plan:
    """Return what running the pipeline with these params means. Nothing is started; local files are looked at.

    Args:
        params: text, a number or a path for each; an empty value or None is no value.
        definitions: by the slug or id under which the pipeline names the technique.
        folder: where relative paths in `params` start; the working directory if None.
        known: names of techniques to suggest where the pipeline's is none.

    Raises:
        PlanError: it cannot be run like this; `error.problems` lists all there is to mend.
    """
    values, problems = param_values(pipeline, params, folder=folder or Path.cwd())
    problems += wiring_problems(pipeline)
    fitted: dict[str, tuple[PlannedInput, ...]] = {}
    for name, step in pipeline.steps.items():
        if step.technique in definitions:
            fitted[name], found = fitted_inputs(pipeline, name, values, definitions)
            problems += found
        else:
            problems.append(_unknown_technique(pipeline, name, {*definitions, *known}))
    if problems:
        raise PlanError(sorted(problems, key=lambda problem: problem.position or (0, 0)))
    steps = (
        _planned(pipeline, name, definitions[pipeline.steps[name].technique], fitted[name])
        for name in in_order(pipeline.steps)
    )
    return Plan(pipeline=pipeline.name, steps=tuple(steps))


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


def _planned(pipeline: Pipeline, name: str, technique: Technique, inputs: tuple[PlannedInput, ...]) -> PlannedStep:
    step = pipeline.steps[name]
    return PlannedStep(
        name=name,
        technique=step.technique,
        technique_id=technique.technique_id,
        technique_name=technique.name,
        description=step.description,
        inputs=inputs,
        needs=step.needs,
        timeout=step.timeout,
        price_usd=technique.run_cost_usd,
        technique_hash=technique_hash(technique),
    )


def _unknown_technique(pipeline: Pipeline, name: str, known: Iterable[str]) -> Problem:
    slug = pipeline.steps[name].technique
    # Whoever asks may hold the pipeline's own definitions alone: they are no list of what there is.
    mend = did_you_mean(slug, known, otherwise="; `florist techniques` lists them")
    return pipeline.problem(("steps", name, "technique"), f"FLORA knows no technique {quoted(slug)}{mend}")


def _shown(value: InputSource | Template) -> str:
    if not isinstance(value, Template):
        return str(value)
    return ", ".join(dict.fromkeys(output.step for output in value.outputs))
