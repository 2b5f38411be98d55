"""Lays out the cells of rows that have the same axes, and plans each cell of them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from florist.api.models import Technique
from florist.pipelines.axes import VARIATION
from florist.pipelines.cells import Cell, cells_of
from florist.pipelines.choices import RowChoices, Take
from florist.pipelines.fitting import CellFitting
from florist.pipelines.gates import PlannedGate, gate_problems, laid_out
from florist.pipelines.generations import planned_generation
from florist.pipelines.models import Pipeline
from florist.pipelines.param_values import ParamValue
from florist.pipelines.planning import Plan, PlannedStep
from florist.pipelines.problems import Problem
from florist.pipelines.references import Template
from florist.pipelines.technique_hash import technique_hash


class _Laid(NamedTuple):
    """What the same picks make of the same cells; see `gates.LaidOut`."""

    now: list["_CellPlanner"]
    awaiting: list["_CellPlanner"]
    gates: tuple[PlannedGate, ...]
    after_picks_usd: Decimal


class RowLayout:
    """The cells of rows that have the same axes, and how each is planned.

    Attributes:
        problems: what keeps axes from going together, and gates from ever letting anything through.

    Args:
        lists: the values of the list params that give axes theirs.
        takes: what somebody asked for beside what the pipeline makes.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        definitions: Mapping[str, Technique],
        lists: Mapping[str, tuple[str, ...]],
        takes: Sequence[Take],
    ) -> None:
        self._pipeline = pipeline
        self._definitions = definitions
        self._takes = {take.cell: take for take in takes if take.step in pipeline.steps}
        self._cells, self.problems = cells_of(pipeline, lists, _most_variations(self._takes.values()))
        if not self.problems:
            own = cells_of(pipeline, lists)[0] if self._takes else self._cells
            self.problems += gate_problems(pipeline, own)
        self._planners: dict[tuple[str, ...], _CellPlanner] = {}
        self._laid: dict[tuple[str, ...], _Laid] = {}

    def plan(self, values: Mapping[str, ParamValue], choices: RowChoices) -> tuple[Plan, list[Problem]]:
        """Return the plan of a row, and what does not fit."""
        laid = self._laid_by(choices)
        problems: list[Problem] = []

        def planned(planners: Iterable[_CellPlanner]) -> Iterable[PlannedStep]:
            for planner in planners:
                step, found = planner.plan(values)
                problems.extend(found)
                yield step

        steps, awaiting = tuple(planned(laid.now)), tuple(planned(laid.awaiting))
        if choices.picks:
            picked = {name: choices.picks[name] for gate in laid.gates for name in gate.picked}
            steps = tuple(_standing_on(picked, step) for step in steps)
        made = Plan(
            pipeline=self._pipeline.name,
            steps=steps,
            awaiting=awaiting,
            gates=laid.gates,
            after_picks_usd=laid.after_picks_usd,
        )
        return made, problems

    def _laid_by(self, choices: RowChoices) -> _Laid:
        at = tuple(sorted(choices.picks))
        if at not in self._laid:
            laid = laid_out(self._pipeline, self._cells, choices.picks, self._takes)
            now, awaiting = (
                [self._planner(cell) for cell in cells if self._is_known(cell)]
                for cells in (laid.now, laid.awaiting)
            )
            after = sum((self._price_usd(step) * most for step, most in laid.most.items()), Decimal(0))
            self._laid[at] = _Laid(now, awaiting, laid.gates, after)
        return self._laid[at]

    def _planner(self, cell: Cell) -> "_CellPlanner":
        """Return the planner of a cell, which all rows share whose picks make the same of it."""
        key = (cell.name, *chain.from_iterable(cell.upstream.values()))
        if key not in self._planners:
            take = self._takes.get(cell.name)
            pipeline = self._pipeline if take is None else _with_inputs(self._pipeline, take)
            self._planners[key] = _CellPlanner(pipeline, cell, self._definitions)
        return self._planners[key]

    def _is_known(self, cell: Cell) -> bool:
        return self._pipeline.steps[cell.step].definition in self._definitions

    def _price_usd(self, step: str) -> Decimal:
        technique = self._definitions.get(self._pipeline.steps[step].definition)
        return (technique and technique.run_cost_usd) or Decimal(0)


class _CellPlanner:
    """Plans one cell for row after row: the same object where the params that it takes are the same."""

    def __init__(self, pipeline: Pipeline, cell: Cell, definitions: Mapping[str, Technique]) -> None:
        step = pipeline.steps[cell.step]
        technique = definitions[step.definition]
        self._params = step.params
        self._fitting = CellFitting(pipeline, cell, definitions)
        self._planned: dict[tuple[ParamValue, ...], tuple[PlannedStep, list[Problem]]] = {}
        self._without_inputs = PlannedStep(
            name=cell.name,
            step=cell.step,
            axes=cell.axes,
            technique=step.named,
            technique_id=technique.technique_id,
            technique_name=technique.name,
            generation=planned_generation(step.generation, technique),
            description=step.description,
            needs=tuple(name for cells in cell.upstream.values() for name in cells),
            timeout=step.timeout,
            price_usd=technique.run_cost_usd,
            ceiling_usd=step.ceiling_usd,
            technique_hash=technique_hash(technique),
            collects=tuple(need for need in step.needs if need not in step.follows),
        )

    def plan(self, values: Mapping[str, ParamValue]) -> tuple[PlannedStep, list[Problem]]:
        taken = tuple(values[name] for name in self._params if name in values)
        if taken not in self._planned:
            inputs, problems = self._fitting.inputs(values)
            self._planned[taken] = self._without_inputs.model_copy(update={"inputs": inputs}), problems
        return self._planned[taken]


def _most_variations(takes: Iterable[Take]) -> dict[str, int]:
    most: dict[str, int] = {}
    for take in takes:
        most[take.step] = max(most.get(take.step, 1), int(take.axes.get(VARIATION, "1")))
    return most


def _with_inputs(pipeline: Pipeline, take: Take) -> Pipeline:
    """Return the pipeline with the texts of a take in place of its step's own."""
    step = pipeline.steps[take.step]
    inputs = {**step.inputs, **{name: (Template.of([text]),) for name, text in take.inputs.items()}}
    steps = {**pipeline.steps, take.step: step.model_copy(update={"inputs": inputs})}
    return pipeline.model_copy(update={"steps": steps})


def _standing_on(picked: Mapping[str, str], step: PlannedStep) -> PlannedStep:
    on = {need: picked[need] for need in step.needs if need in picked}
    return step.model_copy(update={"stands_on": on}) if on else step
