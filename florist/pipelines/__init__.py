"""Pipelines: YAML files of steps, their plan and price, and the walk over them.

Pure: it knows neither archive nor ledger, starts no run, and what running a step means is handed in.

Promises: all problems of a file are told at once, with line, column and mend; nothing in a file is evaluated; a
walk runs each step at most once, and a failed step stops only those that need it.
Start reading at `planning.py`; before it comes `loading.py`, after it `walking.py` and `rows.py`.
"""

from florist.pipelines.definitions import definitions_of
from florist.pipelines.errors import (
    InvalidPipelineError,
    PipelineError,
    PipelineFileError,
    PlanError,
    StepFailure,
    StepsFailedError,
    UpstreamOutputError,
)
from florist.pipelines.fitting import PlannedInput
from florist.pipelines.loading import load_pipeline, parse_pipeline
from florist.pipelines.models import Param, Pipeline, Step, one_step_pipeline
from florist.pipelines.planning import (
    Plan,
    PlannedStep,
    PlanRow,
    ResolvedInput,
    UpstreamOutput,
    plan,
    resolve_inputs,
)
from florist.pipelines.problems import Position, Problem
from florist.pipelines.sources import (
    FileSource,
    InputSource,
    JoinedSource,
    OutputSource,
    TextSource,
    UrlSource,
)
from florist.pipelines.walking import Done, Failed, RunStep, Skipped, StepOutcome, WalkResult, walk

__all__ = [
    "Done",
    "Failed",
    "FileSource",
    "InputSource",
    "InvalidPipelineError",
    "JoinedSource",
    "OutputSource",
    "Param",
    "Pipeline",
    "PipelineError",
    "PipelineFileError",
    "Plan",
    "PlanError",
    "PlanRow",
    "PlannedInput",
    "PlannedStep",
    "Position",
    "Problem",
    "ResolvedInput",
    "RunStep",
    "Skipped",
    "Step",
    "StepFailure",
    "StepOutcome",
    "StepsFailedError",
    "TextSource",
    "UpstreamOutput",
    "UpstreamOutputError",
    "UrlSource",
    "WalkResult",
    "definitions_of",
    "load_pipeline",
    "one_step_pipeline",
    "parse_pipeline",
    "plan",
    "resolve_inputs",
    "walk",
]
