"""One pipeline over many rows, planned and priced together. A row is a set of params under a key of its own."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Protocol, TypeVar

from florist.api.models import Technique
from florist.frozen import FrozenModel
from florist.pipelines.choices import NOTHING_CHOSEN, RowChoices
from florist.pipelines.errors import PlanError, StepFailure, StepsFailedError
from florist.pipelines.findings import Findings
from florist.pipelines.models import Pipeline
from florist.pipelines.planner import Planner
from florist.pipelines.planning import Plan
from florist.pipelines.problems import Problem
from florist.pipelines.row_files import Row, RowFile, RowReading
from florist.pipelines.walking import WalkResult

Result = TypeVar("Result")

Rows = Mapping[str, Mapping[str, str]] | RowFile
"""The params of each row, by its key; or the file that they stand in."""

MAX_IN_FLIGHT = 500
"""Rows walked at one time. What is dear is bounded where it is dear: uploads, transfers, hashes."""

ROWS_NAMED = 5
"""Rows that a problem of several is told with."""


class RowPlans(FrozenModel):
    """The plans of all rows, by their keys. A single row without a key is a pipeline run once."""

    pipeline: str
    rows: Mapping[str, Plan]
    notes: tuple[str, ...] = ()
    """What to know of the row file before anything is paid for, such as columns that no param takes."""

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
    only: Collection[str] | None = None,
    choices: Mapping[str, RowChoices] = {},
) -> RowPlans:
    """Plan every row. Nothing is started.

    Args:
        params: what all rows have in common; a row's own come before them.
        rows: none at all means one, without a key.
        known: names of techniques to suggest where the pipeline's is none.
        only: the keys of the rows that are asked for; the others are read and passed over. None: all.
        choices: what people have chosen of each row.

    Raises:
        PlanError: `problems` lists all there is to mend, in all rows; what several rows share, once.
    """
    source = row_source(rows, pipeline, params)
    plans = dict(
        planned_rows(pipeline, params, source, definitions, folder=folder, known=known, only=only, choices=choices)
    )
    return RowPlans(pipeline=pipeline.name, rows=plans, notes=source.notes)


class RowSource(Protocol):
    """What rows are taken from, one by one: `RowReading` for a file.

    Attributes:
        notes: what a person should know before they pay; there once rows were read.
    """

    notes: tuple[str, ...]

    def rows(self, found: Findings) -> Iterator[Row]:
        """Yield each row that is one; what is wrong goes to `found`."""
        ...


def planned_rows(
    pipeline: Pipeline,
    params: Mapping[str, object],
    rows: RowSource,
    definitions: Mapping[str, Technique],
    *,
    folder: Path | None = None,
    known: Collection[str] = (),
    only: Collection[str] | None = None,
    choices: Mapping[str, RowChoices] = {},
) -> Iterator[tuple[str, Plan]]:
    """Yield the key and the plan of each row, and keep none; see `plan_rows`.

    What was yielded holds only if the iteration comes to its end: problems of later rows are told there.

    Raises:
        PlanError: at the end, with what is wrong in all rows.
    """
    planner = Planner(pipeline, definitions, folder=folder, known=known)
    found = Findings()
    shared: dict[Problem, _Sharing] = {}
    count = 0
    for count, row in enumerate(rows.rows(found), start=1):  # noqa: B007 - asked for at the end
        if only is not None and row.key not in only:
            continue
        try:
            planned = planner.plan({**params, **row.params}, choices.get(row.key, NOTHING_CHOSEN))
        except PlanError as error:
            for problem in error.problems:
                own = row.placed(problem)
                if own == problem:
                    shared.setdefault(problem, _Sharing()).add(row.key)
                elif own:
                    found.add(own)
        else:
            if not found and not shared:
                yield row.key, planned
    found.raise_any(before=tuple(sharing.told(problem, of=count) for problem, sharing in shared.items()))


def row_source(rows: Rows, pipeline: Pipeline, params: Mapping[str, object]) -> RowSource:
    """Return what yields the rows of a file, or those that a program gives."""
    return RowReading(rows, pipeline, params) if isinstance(rows, RowFile) else _GivenRows(rows)


class _GivenRows:
    """Rows that a program gives; none at all is one without a key."""

    notes: tuple[str, ...] = ()

    def __init__(self, rows: Mapping[str, Mapping[str, str]]) -> None:
        self._rows = rows or {"": {}}

    def rows(self, _: Findings) -> Iterator[Row]:
        return (Row(key, params) for key, params in self._rows.items())


class _Sharing:
    """The rows that have one problem in common, by which those of the pipeline itself are told once."""

    def __init__(self) -> None:
        self._named: list[str] = []
        self._count = 0

    def add(self, key: str) -> None:
        self._count += 1
        if len(self._named) < ROWS_NAMED:
            self._named.append(key)

    def told(self, problem: Problem, *, of: int) -> Problem:
        if self._named == [""] or self._count == of > 1:  # of a single run, or of the pipeline itself
            return problem
        more = f" and {self._count - ROWS_NAMED} more" if self._count > ROWS_NAMED else ""
        rows = f"row{'s' * (self._count > 1)} {', '.join(self._named)}{more}"
        return problem._replace(message=f"{problem.message} ({rows})", kind=problem.kind or problem.message)


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
