"""How the steps of a pipeline hang together."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from florist.pipelines.models import Pipeline, Step
from florist.pipelines.problems import Problem
from florist.wording import did_you_mean, quoted

MAX_CIRCLES = 20
"""Circles to tell of at once: finding each takes a pass over all steps."""


def wiring_problems(pipeline: Pipeline) -> list[Problem]:
    """Return the references to what is not there, and the circles of steps."""
    return [*_dangling(pipeline), *islice(_circles(pipeline), MAX_CIRCLES)]


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
