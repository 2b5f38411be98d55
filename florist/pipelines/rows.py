"""One pipeline over many rows, planned and priced together. A row is a set of params under a key of its own."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from florist.api.models import Technique
from florist.frozen import FrozenModel
from florist.pipelines.errors import PlanError, StepFailure, StepsFailedError
from florist.pipelines.models import Pipeline
from florist.pipelines.planning import Plan, plan
from florist.pipelines.problems import Problem
from florist.pipelines.walking import WalkResult

Result = TypeVar("Result")

Rows = Mapping[str, Mapping[str, str]]
"""The params of each row, by its key."""

MAX_IN_FLIGHT = 500
"""Rows walked at one time. What is dear is bounded where it is dear: uploads, transfers, hashes."""

ROWS_NAMED = 5
"""Rows that a problem of several is told with."""


class RowPlans(FrozenModel):
    """The plans of all rows, by their keys. A single row without a key is a pipeline run once."""

    pipeline: str
    rows: Mapping[str, Plan]

    @property
    def runs(self) -> int:
        """How many runs there will be, if every step works at once."""
        return sum(len(planned.steps) for planned in self.rows.values())

    @property
    def price_usd(self) -> Decimal:
        """What they cost together, without those of which FLORA tells no price."""
        return sum((planned.price_usd for planned in self.rows.values()), Decimal(0))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The steps whose price FLORA does not tell."""
        return next(iter(self.rows.values())).unpriced


def plan_rows(
    pipeline: Pipeline,
    params: Mapping[str, object],
    rows: Rows,
    definitions: Mapping[str, Technique],
    *,
    folder: Path | None = None,
    known: Collection[str] = (),
) -> RowPlans:
    """Plan every row. Nothing is started.

    Args:
        params: what all rows have in common; a row's own come before them.
        rows: none at all means one, without a key.
        known: names of techniques to suggest where the pipeline's is none.

    Raises:
        PlanError: `problems` lists all there is to mend, in all rows; what several rows share, once.
    """
    plans: dict[str, Plan] = {}
    found: dict[Problem, list[str]] = {}
    for key, own in (rows or {"": {}}).items():
        try:
            plans[key] = plan(pipeline, {**params, **own}, definitions, folder=folder, known=known)
        except PlanError as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(key)
    if found:
        raise PlanError([_in_rows(problem, keys, of=len(rows)) for problem, keys in found.items()])
    return RowPlans(pipeline=pipeline.name, rows=plans)


def step_label(row: str, step: str) -> str:
    """Return what people call a step: with its row before it, where there is one."""
    return f"{row}/{step}" if row else step


def raise_for_failures(walked: Mapping[str, WalkResult[Result]]) -> None:
    """Do nothing if every step of every row is done.

    Raises:
        StepsFailedError: some failed; the first one's error is its cause.
    """
    failed = {step_label(row, step): error for row, walk in walked.items() for step, error in walk.failed.items()}
    skipped = [
        (step_label(row, step), because) for row, walk in walked.items() for step, because in walk.skipped.items()
    ]
    if failed:
        failures = [StepFailure(step, type(error).__name__, str(error)) for step, error in failed.items()]
        raise StepsFailedError(failures, skipped) from next(iter(failed.values()))


def _in_rows(problem: Problem, keys: Sequence[str], *, of: int) -> Problem:
    if keys == [""] or len(keys) == of > 1:  # of a single run, or of the pipeline itself
        return problem
    named = ", ".join(keys[:ROWS_NAMED])
    more = f" and {len(keys) - ROWS_NAMED} more" if len(keys) > ROWS_NAMED else ""
    return problem._replace(message=f"{problem.message} (row{'s' * (len(keys) > 1)} {named}{more})")
