"""Pipelines: YAML files of steps, their plan and price, and the walk over them."""

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
from florist.pipelines.walking import Done, Failed, Outcome, RunStep, Skipped, WalkResult, walk

__all__ = [
    "Done",
    "Failed",
    "FileSource",
    "InputSource",
    "InvalidPipelineError",
    "JoinedSource",
    "Outcome",
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
