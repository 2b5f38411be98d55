"""One technique as the only step of a plan, without a pipeline file."""

import os
from collections.abc import Mapping
from pathlib import Path

from florist.api import FloraAPI
from florist.pipelines import PlannedStep, definitions_of, one_step_pipeline, plan


async def planned_single(
    client: FloraAPI,
    technique: str,
    inputs: Mapping[str, str | Path],
    *,
    step: str,
    timeout: float | None,
) -> PlannedStep:
    """Return the only step of a pipeline of one technique, by this name; see `Studio.run`."""
    pipeline = one_step_pipeline(
        technique, {name: os.fspath(value) for name, value in inputs.items()}, timeout=timeout
    )
    [planned] = plan(pipeline, {}, await definitions_of(pipeline, client)).steps
    return planned.model_copy(update={"name": step, "step": step})
