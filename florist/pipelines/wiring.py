"""How the steps of a pipeline hang together."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from florist.pipelines.models import Pipeline, Step
from florist.pipelines.problems import Problem
from florist.pipelines.references import ParamReference
from florist.wording import did_you_mean, quoted

MAX_CIRCLES = 20
"""Circles to tell of at once: finding each takes a pass over all steps."""


def wiring_problems(pipeline: Pipeline) -> list[Problem]:
    """Return the references to what is not there, the circles of steps, and axes that go nowhere."""
    problems = [*_dangling(pipeline), *islice(_circles(pipeline), MAX_CIRCLES)]
    return problems or list(_loose_axes(pipeline))


def in_order(steps: Mapping[str, Step]) -> tuple[str, ...]:
    """Return the steps' names, each after all it needs. There must be no circle."""
    return tuple(TopologicalSorter({name: step.needs for name, step in steps.items()}).static_order())


def longest_chain(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the longest way through the steps, which come in order: it bounds how soon all can be done."""
    lengths: dict[str, int] = {}
    before: dict[str, str | None] = {}
    for name, upstream in needs.items():
        before[name] = max(upstream, key=lengths.__getitem__, default=None)
        lengths[name] = 1 + max((lengths[need] for need in upstream), default=0)
    chain: list[str] = []
    last = max(lengths, key=lengths.__getitem__, default=None)
    while last is not None:
        chain.append(last)
        last = before[last]
    return tuple(reversed(chain))


def _dangling(pipeline: Pipeline) -> Iterator[Problem]:
    for name, step in pipeline.steps.items():
        for path, template in step.templates():
            for param in template.params:
                if param.param not in pipeline.params:
                    mend = did_you_mean(param.param, pipeline.params)
                    message = f"there is no param {quoted(param.param)}{mend}"
                    yield pipeline.problem(("steps", name, *path), message)
            for output in template.outputs:
                if output.step not in pipeline.steps:
                    mend = did_you_mean(output.step, set(pipeline.steps) - {name})
                    message = f"there is no step {quoted(output.step)}{mend}"
                    yield pipeline.problem(("steps", name, *path), message)
        for axis, values in step.axes.items():
            if isinstance(values, ParamReference) and not _is_list(pipeline, values.param):
                lists = [param for param in pipeline.params if _is_list(pipeline, param)]
                message = f"{quoted(values.param)} is no list param{did_you_mean(values.param, lists)}"
                yield pipeline.problem(("steps", name, "for", axis), message)


def _is_list(pipeline: Pipeline, param: str) -> bool:
    return param in pipeline.params and pipeline.params[param].list


def _loose_axes(pipeline: Pipeline) -> Iterator[Problem]:
    names: dict[str, set[str]] = {}
    for name in in_order(pipeline.steps):
        step = pipeline.steps[name]
        names[name] = set(step.axes).union(*(names[need] for need in step.follows))
        used = set().union(*(names[need] for need in step.needs))
        for path, template in step.templates():
            used |= {reference.axis for reference in template.axes}
            for axis in dict.fromkeys(reference.axis for reference in template.axes):
                if axis not in names[name]:
                    mend = did_you_mean(axis, names[name])
                    yield pipeline.problem(("steps", name, *path), f"the step has no axis {quoted(axis)}{mend}")
        for axis in step.axes:
            if axis not in used:
                message = (
                    f"no input takes {axis}, so each value would pay for the same; write ${{for.{axis}}} where "
                    'it belongs, or "variations" for several of one kind'
                )
                yield pipeline.problem(("steps", name, "for", axis), message)


def _circles(pipeline: Pipeline) -> Iterator[Problem]:
    needs = {name: step.needs for name, step in pipeline.steps.items()}
    while circle := _circle(needs):
        way = " → ".join(circle)
        message = f"these steps wait for each other and could never start: {way}"
        yield pipeline.problem(("steps", circle[0]), message)
        needs = {name: upstream for name, upstream in needs.items() if name not in circle}


def _circle(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return one circle in the order in which outputs would flow, its first step again at the end."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        return names
    return []
