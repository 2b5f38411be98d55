"""Cells: a row's runs-to-be, laid out over the axes of the pipeline's steps.

A step has the axes that it names itself, and those of the steps whose outputs it takes: with a step that has the
same axis it is paired, over any other it is spread. Where it collects (`${steps.still.all}`), it takes every cell
at its own values of the axes that both have.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from florist.pipelines.axes import VARIATION, axis_order, axis_values, cell_name, inherited, variation_values
from florist.pipelines.models import Pipeline, Step
from florist.pipelines.problems import Problem
from florist.pipelines.references import ParamReference
from florist.pipelines.wiring import in_order
from florist.wording import quoted

MAX_CELLS = 1000
"""Runs that one row may be made in: whoever wants more has meant rows, or has slipped."""

Axes = Mapping[str, tuple[str, ...]]
"""The values of each axis of a step, in the order in which its cells are named after them."""


class Cell(NamedTuple):
    """One run-to-be of a row.

    Attributes:
        name: the step's and, after it, where it stands on its axes; see `axes.cell_name`.
        upstream: the cells that it takes outputs of, by their steps: one each, save where it collects.
    """

    name: str
    step: str
    axes: Mapping[str, str]
    upstream: Mapping[str, tuple[str, ...]]


def cells_of(
    pipeline: Pipeline,
    lists: Mapping[str, Sequence[str]],
    variations: Mapping[str, int] = {},
) -> tuple[dict[str, tuple[Cell, ...]], list[Problem]]:
    """Return the cells of each step, those that a cell needs before it, and what keeps axes from going together.

    Args:
        pipeline: without circles.
        lists: the values of the list params that give axes theirs.
        variations: of steps of which there are more than the pipeline says, for further takes.
    """
    laying = _Laying(pipeline, lists, variations)
    for name in in_order(pipeline.steps):
        laying.lay(name)
        if laying.is_full:
            break
    return laying.cells, laying.problems


def axes_of_steps(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """Return the axes of each step in their order, whatever their values are."""
    lists = {name: ("",) for name, param in pipeline.params.items() if param.list}
    cells, _ = cells_of(pipeline, lists)
    return {step: tuple(laid[0].axes) for step, laid in cells.items()}


class _Laying:
    """Lays out one step after another."""

    def __init__(
        self, pipeline: Pipeline, lists: Mapping[str, Sequence[str]], variations: Mapping[str, int]
    ) -> None:
        self._pipeline = pipeline
        self._lists = lists
        self._variations = variations
        self._axes: dict[str, Axes] = {}
        self.cells: dict[str, tuple[Cell, ...]] = {}
        self.problems: list[Problem] = []
        self.is_full = False

    def lay(self, name: str) -> None:
        step = self._pipeline.steps[name]
        axes = self._axes[name] = self._together(name, step)
        if sum(map(len, self.cells.values())) + math.prod(map(len, axes.values())) > MAX_CELLS:
            self.is_full = True
            path = ("steps", name, *(("for",) if step.axes else ()))
            message = f"with its cells a row takes more than {MAX_CELLS} runs; leave out values or variations"
            self.problems.append(self._pipeline.problem(path, message))
            return
        self.problems += self._faults(name, step)
        needed = {need: self._by_shared_axes(need, axes) for need in step.needs}
        self.cells[name] = tuple(
            Cell(cell_name(name, at), name, at, {need: taken(at) for need, taken in needed.items()})
            for at in (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
        )

    def _together(self, name: str, step: Step) -> Axes:
        axes = {need_axis: values for need in step.follows for need_axis, values in self._seen_from(need).items()}
        for axis, values in step.axes.items():
            listed = self._lists[values.param] if isinstance(values, ParamReference) else values
            axes[axis] = axis_values(listed)
        variations = max(step.variations, self._variations.get(name, 1))
        if variations > 1:
            axes[VARIATION] = variation_values(variations)
        return {axis: axes[axis] for axis in sorted(axes, key=axis_order)}

    def _seen_from(self, need: str) -> Axes:
        return {inherited(axis, need): values for axis, values in self._axes[need].items()}

    def _by_shared_axes(self, need: str, axes: Axes) -> "_Taken":
        shared = [axis for axis in self._axes[need] if inherited(axis, need) in axes]
        found: dict[tuple[str, ...], list[str]] = {}
        for cell in self.cells[need]:
            found.setdefault(tuple(cell.axes[axis] for axis in shared), []).append(cell.name)
        names = {at: tuple(cells) for at, cells in found.items()}
        return _Taken(tuple(inherited(axis, need) for axis in shared), names)

    def _faults(self, name: str, step: Step) -> Iterator[Problem]:
        for need in step.needs:
            for axis, values in self._seen_from(need).items():
                own = self._axes[name].get(axis, values)
                other = next((value for value in own if value not in values), None)
                if axis in step.axes and other is not None:
                    message = (
                        f"{quoted(other)} is no value of {axis} in the step {need}, with which it is paired; "
                        f"there is {', '.join(map(quoted, values))}"
                    )
                    yield self._pipeline.problem(("steps", name, "for", axis), message)
                elif axis not in step.axes and own != values:
                    message = (
                        f"the axis {axis} has other values in the step {need} than in another that it needs; say "
                        f'by a "for" of its own which are meant'
                    )
                    yield self._pipeline.problem(("steps", name), message)


class _Taken(NamedTuple):
    """The cells of a step by their values on the axes that it shares with one that needs it."""

    shared: tuple[str, ...]
    names: Mapping[tuple[str, ...], tuple[str, ...]]

    def __call__(self, at: Mapping[str, str]) -> tuple[str, ...]:
        return self.names.get(tuple(at[axis] for axis in self.shared), ())
