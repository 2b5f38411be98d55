"""Compare pipelines with their lock file, and show what has moved."""

from collections.abc import Sequence
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from blocks import FloraWorkspace
from florist.campaigns.lock import Drift, TechniqueDriftError
from florist.campaigns.locking import check_lock, pipelines_at
from flows.tasks.runs import is_worth_a_retry


@task(
    name="compare-with-lock",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=[10, 60, 300],
    retry_condition_fn=is_worth_a_retry,
)
async def compare_with_lock(workspace: FloraWorkspace, pipelines: str) -> list[Drift]:
    """Return what has moved in the techniques of these pipelines."""
    async with workspace.get_client() as client:
        return [one for locked in pipelines_at([Path(pipelines)]) for one in await check_lock(locked, client)]


async def report_drift(drifts: Sequence[Drift]) -> None:
    """Show what has moved, as an artifact.

    Raises:
        TechniqueDriftError: something has: look at it before the next run pays for it.
    """
    rows = [{"technique": one.technique, "what": str(one.change), "how": one.message} for one in drifts]
    said = f"**{len(rows):,} differences** to techniques.lock.json" if rows else "**Nothing moved**"
    await acreate_table_artifact(rows, key="technique-drift", description=said)
    if drifts:
        raise TechniqueDriftError(drifts)
    get_run_logger().info("the techniques are as they were locked")
