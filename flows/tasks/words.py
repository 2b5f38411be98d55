"""What the states of task runs say, for people."""

from florist.amounts import shown_usd
from florist.pipelines.walking import WalkResult
from florist.studio.steps import StepResult


def step_words(result: StepResult) -> str:
    """Return what a step has come to: its run, what was charged, how many files are kept, and why this run."""
    files = f"{len(result.outputs)} file{'s' * (len(result.outputs) != 1)} kept"
    return f"run {result.run.run_id}, {shown_usd(result.run.charged_usd)}, {files}: {result.reason}"


def row_words(walked: WalkResult[StepResult]) -> str:
    """Return what a row has come to, step by step."""
    return "; ".join(f"{name}: {result.how}, run {result.run.run_id}" for name, result in walked.results.items())
