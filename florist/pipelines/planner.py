"""Makes plans: holds a pipeline against its params and the definitions of its techniques and models.

All that is wrong is found without starting anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from florist.amounts import shown_usd
from florist.api.models import Technique
from florist.pipelines.choices import NOTHING_CHOSEN, RowChoices
from florist.pipelines.errors import PlanError
from florist.pipelines.generations import generation_faults
from florist.pipelines.layouts import RowLayout
from florist.pipelines.models import MODELS, Pipeline
from florist.pipelines.param_values import ParamValue, ParamValues
from florist.pipelines.planning import Plan
from florist.pipelines.problems import Problem
from florist.pipelines.wiring import wiring_problems
from florist.wording import did_you_mean, quoted


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
        self._unfit = [*_misfits(pipeline, definitions, known)]
        self._lists = [name for name, param in pipeline.params.items() if param.list]
        self._layouts: dict[tuple[object, ...], RowLayout] = {}

    def plan(self, params: Mapping[str, object], choices: RowChoices = NOTHING_CHOSEN) -> Plan:
        """Return what running the pipeline with these params means; see `plan`."""
        values, problems = self._values.read(params)
        problems += [*self._wiring, *self._unfit]
        planned = Plan(pipeline=self._pipeline.name, steps=())
        if not self._wiring and all(name in values for name in self._lists):
            layout = self._layout_at(values, choices)
            problems += layout.problems
            planned, found = layout.plan(values, choices)
            problems += found
        if problems:
            in_order_of_file = sorted(dict.fromkeys(problems), key=lambda problem: problem.position or (0, 0))
            raise PlanError(in_order_of_file)
        return planned

    def _layout_at(self, values: Mapping[str, ParamValue], choices: RowChoices) -> RowLayout:
        lists = {name: value for name in self._lists if isinstance(value := values[name], tuple)}
        takes = choices.takes
        at = (*lists.values(), *((take.cell, tuple(sorted(take.inputs.items()))) for take in takes))
        if at not in self._layouts:
            self._layouts[at] = RowLayout(self._pipeline, self._definitions, lists, takes)
        return self._layouts[at]


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


def _misfits(pipeline: Pipeline, definitions: Mapping[str, Technique], known: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with a step whatever its inputs are."""
    for name, step in pipeline.steps.items():
        technique = definitions.get(step.definition)
        if technique is None:
            yield _unknown(pipeline, name, {*definitions, *known})
            continue
        faults = generation_faults(step, technique) if step.generation else ()
        yield from (pipeline.problem(("steps", name, *path), message) for path, message in faults)
        if step.ceiling_usd and technique.run_cost_usd and technique.run_cost_usd > step.ceiling_usd:
            prices = f"{shown_usd(technique.run_cost_usd)}, which is above this ceiling"
            yield pipeline.problem(("steps", name, "ceiling_usd"), f"a run of {step.named} costs {prices}")


def _unknown(pipeline: Pipeline, name: str, known: Iterable[str]) -> Problem:
    step = pipeline.steps[name]
    what, path = ("model", ("generation", "model")) if step.generation else ("technique", ("technique",))
    names = (
        word.removeprefix(MODELS) for word in known if word.startswith(MODELS) == (step.generation is not None)
    )
    # Whoever asks may hold the pipeline's own definitions alone: they are no list of what there is.
    otherwise = "" if step.generation else "; `florist techniques` lists them"
    mend = did_you_mean(step.named, names, otherwise=otherwise)
    return pipeline.problem(("steps", name, *path), f"FLORA knows no {what} {quoted(step.named)}{mend}")
