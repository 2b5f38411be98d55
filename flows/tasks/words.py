"""What the states of task runs say, for people, and what artifacts are called."""

import re

from florist.amounts import shown_usd
from florist.pipelines.walking import WalkResult
from florist.studio.steps import StepResult

_NOT_FOR_KEYS = re.compile(r"[^a-z0-9]+")


def step_words(result: StepResult) -> str:
    """Return what a step has come to: why this run, what was charged, how many files are kept."""
    files = f"{len(result.outputs)} file{'s' * (len(result.outputs) != 1)} kept"
    return f"{result.reason}; {shown_usd(result.run.charged_usd)}, {files}"


def row_words(walked: WalkResult[StepResult]) -> str:
    """Return what a row has come to, step by step."""
    return "; ".join(f"{name}: {result.came}, run {result.run.run_id}" for name, result in walked.results.items())


def artifact_key(kind: str, pipeline: str) -> str:
    """Return the key of a pipeline's artifact of this kind."""
    return f"{kind}-{_NOT_FOR_KEYS.sub('-', pipeline.lower()).strip('-')}"
