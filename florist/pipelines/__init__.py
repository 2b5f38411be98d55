"""Pipelines: YAML files of steps, their plan and price, and the walk over them.

Pure: it knows neither archive nor ledger, starts no run, and what running a step means is handed in.

Promises: all problems of a file are told at once, with line, column and mend; nothing in a file is evaluated; a
walk runs each step at most once, and a failed step stops only those that need it.
Start reading at `planner.py`; before it comes `loading.py`, after it `walking.py` and `rows.py`.
"""

from florist.pipelines.definitions import definitions_of
from florist.pipelines.errors import (
    PipelineFileError,
    PlanError,
    StepsFailedError,
    UpstreamOutputError,
)
from florist.pipelines.loading import load_pipeline, parse_pipeline
from florist.pipelines.models import Param, Pipeline, Step, one_step_pipeline
from florist.pipelines.planner import plan
from florist.pipelines.planning import Plan, PlannedStep, resolve_inputs
from florist.pipelines.sources import (
    FileSource,
    JoinedSource,
    OutputSource,
    TextSource,
    UploadSource,
    UrlSource,
)
from florist.pipelines.walking import Done, Failed, Skipped, WalkResult, walk

__all__ = [
    "Done",
    "Failed",
    "FileSource",
    "JoinedSource",
    "OutputSource",
    "Param",
    "Pipeline",
    "PipelineFileError",
    "Plan",
    "PlanError",
    "PlannedStep",
    "Skipped",
    "Step",
    "StepsFailedError",
    "TextSource",
    "UploadSource",
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
