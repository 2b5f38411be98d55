"""Sweep the archive, and show what was found."""

from datetime import timedelta

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from blocks import Archive, FloraWorkspace
from florist.amounts import shown_usd
from florist.sweep.report import SweepReport, sweep_lines
from florist.sweep.workspace import sweep_workspace
from flows.tasks.runs import is_worth_a_retry
from flows.tasks.studios import shared_studio

ROWS_AT_MOST = 1000
"""Of the table: more than anybody reads, less than Prefect's server minds."""


@task(
    name="sweep-history",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=[10, 60, 300],
    retry_condition_fn=is_worth_a_retry,
)
async def sweep_history(
    workspace: FloraWorkspace, archive: Archive, *, full: bool, stale_after_hours: float
) -> SweepReport:
    """Sweep once; see `sweep_workspace`. A retry goes on where the attempt before it was."""
    async with shared_studio(workspace, archive) as studio:
        report = await sweep_workspace(studio, full=full, stale_after=timedelta(hours=stale_after_hours))
    for line in sweep_lines(report):
        get_run_logger().info("%s", line)
    return report


async def report_sweep(report: SweepReport) -> None:
    """Show the summary, and every run that was kept now, failed, or is lost, as artifacts."""
    lines = "\n".join(f"- {line}" for line in sweep_lines(report))
    await acreate_markdown_artifact(f"# Sweep of {report.location}\n\n{lines}\n", key="sweep-summary")
    rows = [
        {
            "outcome": str(run.outcome),
            "run": run.run_id,
            "technique": run.technique,
            "completed": f"{run.completed_at:%Y-%m-%d %H:%M}" if run.completed_at else "",
            "charged": shown_usd(run.charged_usd),
            "kept as, or why not": run.note,
        }
        for run in report.worst_first()[:ROWS_AT_MOST]
    ]
    await acreate_table_artifact(rows, key="sweep-runs", description=f"**{len(report.runs):,} runs** to look at")
