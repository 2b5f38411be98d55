"""What a walk will do, and what it will cost: known before the first run is paid for.

`plan` holds a pipeline against its params and the definitions of its techniques, and finds all that is wrong
without starting anything. Once steps are done, `resolving.py` says where each input of the next comes from.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from florist.api.models import Technique
from florist.frozen import FrozenModel
from florist.pipelines.cells import Cell, cells_of
from florist.pipelines.errors import PlanError
from florist.pipelines.fitting import PlannedInput, fitted_inputs
from florist.pipelines.models import Pipeline
from florist.pipelines.param_values import ParamValue, ParamValues
from florist.pipelines.problems import Problem
from florist.pipelines.references import Template
from florist.pipelines.sources import InputSource
from florist.pipelines.wiring import longest_chain, wiring_problems
from florist.wording import did_you_mean, quoted, shortened


class PlannedStep(FrozenModel):
    """One cell of a row: a step at one place on its axes, ready to run as soon as the cells it needs are done.

    Attributes:
        name: unique within the row, and what everybody calls it: `still` or, on an axis, `still@playful`.
        step: what the pipeline calls the step.
        axes: its value on each axis; of `variations`, the number, under `variation`, and that of an earlier step
            under `<step>.variation`.
        needs: the cells whose outputs it takes, by their names.
        price_usd: None where FLORA tells none.
    """

    name: str
    step: str = Field(default_factory=lambda data: data.get("name", ""))
    axes: Mapping[str, str] = {}
    technique: str
    technique_id: str
    technique_name: str = ""
    description: str = ""
    inputs: tuple[PlannedInput, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: float | None = None
    price_usd: Decimal | None = None


class PlanRow(NamedTuple):
    """A cell as a table shows it."""

    step: str
    axes: str
    technique: str
    needs: str
    inputs: str
    price_usd: Decimal | None


class Plan(FrozenModel):
    """The cells of one walk, each after all it needs."""

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
                ", ".join(f"{axis}={shortened(value)}" for axis, value in step.axes.items()),
                step.technique,
                ", ".join(step.needs),
                ", ".join(f"{entry.id} ← {_shown(entry.value)}" for entry in step.inputs),
                step.price_usd,
            )
            for step in self.steps
        )


class Planner:
    """Plans the rows of one pipeline. What they have in common is found out, and kept, once.

    Args:
        definitions: by the slug or id under which the pipeline names the technique.
        folder: where relative paths in params start; the working directory if None.
        known: names of techniques to suggest where the pipeline's is none.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        definitions: Mapping[str, Technique],
        *,
        folder: Path | None = None,
        known: Iterable[str] = (),
    ) -> None:
        self._pipeline = pipeline
        self._definitions = definitions
        self._values = ParamValues(pipeline, folder=folder or Path.cwd())
        self._wiring = wiring_problems(pipeline)
        self._unknown = [
            _unknown_technique(pipeline, name, {*definitions, *known})
            for name, step in pipeline.steps.items()
            if step.technique not in definitions
        ]
        self._params_of = {name: step.params for name, step in pipeline.steps.items()}
        self._lists = [name for name, param in pipeline.params.items() if param.list]
        self._cells: dict[tuple[ParamValue, ...], tuple[tuple[Cell, ...], list[Problem]]] = {}
        self._steps: dict[tuple[int, tuple[ParamValue, ...]], PlannedStep | list[Problem]] = {}

    def plan(self, params: Mapping[str, object]) -> Plan:
        """Return what running the pipeline with these params means; see `plan`."""
        values, problems = self._values.read(params)
        problems += [*self._wiring, *self._unknown]
        steps: list[PlannedStep] = []
        if not self._wiring and all(name in values for name in self._lists):
            cells, found = self._cells_at(values)
            problems += found
            for cell in cells:
                planned = self._step(cell, values)
                if isinstance(planned, PlannedStep):
                    steps.append(planned)
                else:
                    problems += planned
        if problems:
            in_order_of_file = sorted(dict.fromkeys(problems), key=lambda problem: problem.position or (0, 0))
            raise PlanError(in_order_of_file)
        return Plan(pipeline=self._pipeline.name, steps=tuple(steps))

    def _cells_at(self, values: Mapping[str, ParamValue]) -> tuple[tuple[Cell, ...], list[Problem]]:
        lists = {name: value for name in self._lists if isinstance(value := values[name], tuple)}
        at = tuple(lists.values())
        if at not in self._cells:
            cells, problems = cells_of(self._pipeline, lists)
            self._cells[at] = tuple(chain.from_iterable(cells.values())), problems
        return self._cells[at]

    def _step(self, cell: Cell, values: Mapping[str, ParamValue]) -> PlannedStep | list[Problem]:
        taken = tuple(values[name] for name in self._params_of[cell.step] if name in values)
        key = id(cell), taken
        if key not in self._steps:
            self._steps[key] = self._fitted(cell, values)
        return self._steps[key]

    def _fitted(self, cell: Cell, values: Mapping[str, ParamValue]) -> PlannedStep | list[Problem]:
        step = self._pipeline.steps[cell.step]
        technique = self._definitions.get(step.technique)
        if technique is None:
            return []
        inputs, problems = fitted_inputs(self._pipeline, cell, values, self._definitions)
        return problems or PlannedStep(
            name=cell.name,
            step=cell.step,
            axes=cell.axes,
            technique=step.technique,
            technique_id=technique.technique_id,
            technique_name=technique.name,
            description=step.description,
            inputs=inputs,
            needs=tuple(name for cells in cell.upstream.values() for name in cells),
            timeout=step.timeout,
            price_usd=technique.run_cost_usd,
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
        params: text, a number or a path for each, for a list also several; an empty value or None is no value.
        definitions: by the slug or id under which the pipeline names the technique.
        folder: where relative paths in `params` start; the working directory if None.
        known: names of techniques to suggest where the pipeline's is none.

    Raises:
        PlanError: it cannot be run like this; `error.problems` lists all there is to mend.
    """
    return Planner(pipeline, definitions, folder=folder, known=known).plan(params)


def _unknown_technique(pipeline: Pipeline, name: str, known: Iterable[str]) -> Problem:
    slug = pipeline.steps[name].technique
    # Whoever asks may hold the pipeline's own definitions alone: they are no list of what there is.
    mend = did_you_mean(slug, known, otherwise="; `florist techniques` lists them")
    return pipeline.problem(("steps", name, "technique"), f"FLORA knows no technique {quoted(slug)}{mend}")


def _shown(value: InputSource | Template) -> str:
    if not isinstance(value, Template):
        return str(value)
    return ", ".join(dict.fromkeys(output.step for output in value.outputs))
