"""One technique run once and kept, without a pipeline file and without Prefect."""

import os
from collections.abc import Mapping
from pathlib import Path

from florist.api import FloraAPI
from florist.pipelines import PlannedStep, definitions_of, one_step_pipeline, plan
from florist.studio.steps import StepFunctions, StepResult, make_step


async def make_single(
    client: FloraAPI,
    functions: StepFunctions,
    technique: str,
    inputs: Mapping[str, str | Path],
    *,
    step: str,
    timeout: float | None,
) -> StepResult:
    """Make the only step of a pipeline of one technique; see `Studio.run`."""
    pipeline = one_step_pipeline(
        technique, {name: os.fspath(value) for name, value in inputs.items()}, timeout=timeout
    )
    [planned] = plan(pipeline, {}, await definitions_of(pipeline, client)).steps
    named: PlannedStep = planned.model_copy(update={"name": step})
    return await make_step(named, {}, functions)
