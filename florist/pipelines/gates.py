"""Gates: which cells of a row wait for picks, which are let through, and which fall away.

Pure functions over the cells as `cells.py` lays them out, each step after those that it needs::

    takes an unpicked cell of a gate with picks enough ──► falls away, and what takes it
    takes a cell of a gate without ──────────────────────► waits, and what takes it
    collects over a gate with picks enough ──────────────► takes the picked ones alone

A further take of a step without a gate is nobody's upstream: it stands beside what the pipeline makes.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from florist.frozen import FrozenModel
from florist.pipelines.axes import VARIATION
from florist.pipelines.cells import Cell
from florist.pipelines.models import Gate, Pipeline
from florist.pipelines.problems import Problem
from florist.pipelines.references import ParamReference
from florist.pipelines.wiring import in_order


class PlannedGate(FrozenModel):
    """A gate of a row, and how far the row has come at it.

    Attributes:
        cells: among which people pick.
        picked: those that they have.
    """

    step: str
    pick_min: int
    pick_max: int
    cells: tuple[str, ...]
    picked: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How many are to be picked, as a pipeline's file says it."""
        return Gate(pick_min=self.pick_min, pick_max=self.pick_max).words

    @property
    def is_open(self) -> bool:
        """Whether the row waits here."""
        return len(self.picked) < self.pick_min


class LaidOut(NamedTuple):
    """The cells of a row by what its picks make of them, each after those it needs.

    Attributes:
        now: what may be made.
        awaiting: what may be made once people have picked.
        most: of each step, how many of the awaiting cells picks can let through.
    """

    now: tuple[Cell, ...]
    awaiting: tuple[Cell, ...]
    gates: tuple[PlannedGate, ...]
    most: Mapping[str, int]


class _Fate(Enum):
    NOW = "now"
    AWAITS = "awaits"
    FALLS = "falls away"


def laid_out(
    pipeline: Pipeline,
    cells: Mapping[str, Sequence[Cell]],
    picks: Collection[str],
    takes: Collection[str] = (),
) -> LaidOut:
    """Return what the picks of a row make of its cells.

    Args:
        picks: the names of the picked cells.
        takes: the names of the further takes that somebody asked for; other cells of their variations fall away.
    """
    laying = _Laying(pipeline, picks, takes)
    for found in cells.values():
        for cell in found:
            laying.lay(cell)
        if found:
            laying.gate(found[0].step)
    return laying.done()


def gate_problems(pipeline: Pipeline, cells: Mapping[str, Sequence[Cell]] | None) -> Iterator[Problem]:
    """Yield what is wrong with gates.

    Args:
        cells: of a row; None where they are not known before its params are.
    """
    needed = {need for step in pipeline.steps.values() for need in step.needs}
    for name, gate in pipeline.gates.items():
        if name not in needed:
            message = "no step takes what it makes, so that nothing waits for a pick; leave the gate out"
            yield pipeline.problem(("steps", name, "gate"), message)
        elif cells is not None and (fault := _count_fault(pipeline, name, gate, cells)):
            yield pipeline.problem(("steps", name, "gate", "pick"), fault)


def gates_in_order(pipeline: Pipeline) -> dict[str, Gate]:
    """Return the gates by their steps, each after those that its step needs."""
    gates = pipeline.gates
    return {name: gates[name] for name in in_order(pipeline.steps) if name in gates}


def has_fixed_axes(pipeline: Pipeline) -> bool:
    """Whether the cells of a row are the same whatever its params are."""
    axes = (values for step in pipeline.steps.values() for values in step.axes.values())
    return not any(isinstance(values, ParamReference) for values in axes)


def _is_beside(cell: Cell, pipeline: Pipeline) -> bool:
    """Whether the pipeline by itself does not make it, having fewer variations of its step."""
    return int(cell.axes.get(VARIATION, "1")) > pipeline.steps[cell.step].variations


def _count_fault(pipeline: Pipeline, name: str, gate: Gate, cells: Mapping[str, Sequence[Cell]]) -> str:
    found = cells.get(name, ())
    if len(found) == 1:
        return 'the step makes one run in a row: there is nothing to pick among; give it "variations" or an axis'
    above = _gates_above(pipeline, cells)
    groups = Counter(tuple(sorted(above[cell.name].values())) for cell in found)
    at = {pipeline.gates[step] for step in above[found[0].name]} if found else set()
    least = min(groups.values(), default=0) * math.prod(each.pick_min for each in at)
    most = max(groups.values(), default=0) * math.prod(each.pick_max for each in at)
    if found and gate.pick_max > min(most, len(found)):
        return f"there are {min(most, len(found))} to pick among, so that nobody can pick {gate.pick_max}"
    if found and gate.pick_min > least:
        return f"there may be no more than {least} to pick among, so that a row could wait for ever"
    return ""


def _gates_above(pipeline: Pipeline, cells: Mapping[str, Sequence[Cell]]) -> dict[str, dict[str, str]]:
    """Return the nearest gated cells that each cell stands on, by their steps; what it collects is none."""
    above: dict[str, dict[str, str]] = {}
    for found in cells.values():
        for cell in found:
            follows = pipeline.steps[cell.step].follows
            own: dict[str, str] = {}
            for need in follows:
                for name in cell.upstream.get(need, ())[:1]:
                    own |= {need: name} if need in pipeline.gates else above[name]
            # One that stands on another of them is the nearer one.
            farther = {step for name in own.values() for step in above[name]}
            above[cell.name] = {step: name for step, name in own.items() if step not in farther}
    return above


class _Laying:
    """Decides one cell after another."""

    def __init__(self, pipeline: Pipeline, picks: Collection[str], takes: Collection[str]) -> None:
        self._pipeline = pipeline
        self._picks = picks
        self._takes = takes
        self._beside: set[str] = set()
        self._fates: dict[str, _Fate] = {}
        self._cells: dict[str, Cell] = {}
        self._gates: dict[str, PlannedGate] = {}
        self._of_step: dict[str, list[Cell]] = {}

    def lay(self, cell: Cell) -> None:
        """Decide one cell; those that it needs are decided."""
        if _is_beside(cell, self._pipeline):
            self._beside.add(cell.name)
            if cell.name not in self._takes:
                self._fates[cell.name] = _Fate.FALLS
                return
        follows = self._pipeline.steps[cell.step].follows
        fates = {_Fate.NOW}
        taken: dict[str, tuple[str, ...]] = {}
        for need, names in cell.upstream.items():
            found = [name for name in names if self._seen(need, name) is not _Fate.FALLS]
            fates |= {self._seen(need, name) for name in found}
            if not found or (need in follows and len(found) < len(names)):
                fates.add(_Fate.FALLS)
            taken[need] = tuple(found)
        fate = next(fate for fate in (_Fate.FALLS, _Fate.AWAITS, _Fate.NOW) if fate in fates)
        self._fates[cell.name] = fate
        if fate is not _Fate.FALLS:
            self._cells[cell.name] = cell._replace(upstream=taken)
            self._of_step.setdefault(cell.step, []).append(self._cells[cell.name])

    def gate(self, step: str) -> None:
        """Hold the cells of a step, all of them laid, against its gate if it has one."""
        gate = self._pipeline.steps[step].gate
        if gate is None:
            return
        names = [cell.name for cell in self._of_step.get(step, ()) if self._fates[cell.name] is _Fate.NOW]
        self._gates[step] = PlannedGate(
            step=step,
            pick_min=gate.pick_min,
            pick_max=gate.pick_max,
            cells=tuple(names),
            picked=tuple(name for name in names if name in self._picks),
        )

    def done(self) -> LaidOut:
        """Return what has come of all cells."""
        now = tuple(cell for cell in self._cells.values() if self._fates[cell.name] is _Fate.NOW)
        awaiting = tuple(cell for cell in self._cells.values() if self._fates[cell.name] is _Fate.AWAITS)
        return LaidOut(now, awaiting, tuple(self._gates.values()), self._most(awaiting))

    def _seen(self, need: str, name: str) -> _Fate:
        """Return what a cell is to one that takes it."""
        fate = self._fates[name]
        gate = self._gates.get(need)
        if gate is None:
            return _Fate.FALLS if name in self._beside else fate
        if fate is not _Fate.NOW:
            return fate
        if gate.is_open:
            return _Fate.AWAITS
        return _Fate.NOW if name in gate.picked else _Fate.FALLS

    def _most(self, awaiting: Sequence[Cell]) -> dict[str, int]:
        above = _gates_above(self._pipeline, self._grouped())
        most: dict[str, int] = {}
        for step in dict.fromkeys(cell.step for cell in awaiting):
            cells = [cell for cell in awaiting if cell.step == step]
            most[step] = min(self._bounds(cells, above))
        return most

    def _grouped(self) -> dict[str, list[Cell]]:
        return {step: self._of_step[step] for step in in_order(self._pipeline.steps) if step in self._of_step}

    def _bounds(self, cells: Sequence[Cell], above: Mapping[str, Mapping[str, str]]) -> Iterator[int]:
        """Yield what bounds the number of these cells of one step: picks of each gate, and of all together."""
        yield len(cells)
        lines = [above[cell.name] for cell in cells]
        gates = [step for step in lines[0] if all(step in line for line in lines)]
        for step in gates:
            counts = sorted(Counter(line[step] for line in lines).values(), reverse=True)
            yield sum(counts[: self._pick_max(step)])
        if gates:
            alike = max(Counter(tuple(line[step] for step in gates) for line in lines).values())
            yield alike * math.prod(self._pick_max(step) for step in gates)

    def _pick_max(self, step: str) -> int:
        gate = self._pipeline.gates[step]
        # Behind an open gate there are fewer to pick among than its cells; at one with picks enough, those picked.
        found = self._gates.get(step)
        return gate.pick_max if found is None or found.is_open or not found.cells else len(found.picked)
