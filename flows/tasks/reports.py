"""What a person sees of a flow run in Prefect's UI: the price before anything is paid for, and what was made."""

import re
from collections.abc import Iterable, Mapping

from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_run_logger

from florist.amounts import shown_usd
from florist.pipelines.rows import RowPlans, results_of
from florist.pipelines.walking import Done, Failed, Skipped, StepOutcome, WalkResult
from florist.studio.prices import charged_line, price_line
from florist.studio.steps import StepResult

_NOT_FOR_KEYS = re.compile(r"[^a-z0-9]+")


async def report_price(plans: RowPlans, *, note: str) -> None:
    """Log what the plans cost, and show it step by step as an artifact.

    Args:
        note: what else to know before the first run.
    """
    total = f"{price_line(plans)}{note}"
    get_run_logger().info("%s: %s", plans.pipeline, total)
    cells = [
        {
            "row": key,
            "step": row.step,
            "technique": row.technique,
            "price": shown_usd(row.price_usd),
            "takes": row.inputs,
        }
        for key, planned in plans.rows.items()
        for row in planned.table()
    ]
    await _table("price", plans, cells, f"**Before the first run:** {total}")


async def report_made(plans: RowPlans, walked: Mapping[str, WalkResult[StepResult]]) -> None:
    """Show what every step has come to, and why, as an artifact."""
    cells = [_cells(row, step, outcome) for row, walk in walked.items() for step, outcome in walk.outcomes.items()]
    results = results_of(walked)
    done = f"{len(results)} of {plans.runs} steps done, {charged_line(results.values())}"
    await _table("made", plans, [cell for rows in cells for cell in rows], f"**{plans.pipeline}:** {done}")


def _cells(row: str, step: str, outcome: StepOutcome[StepResult]) -> Iterable[dict[str, str]]:
    empty = dict.fromkeys(("run", "charged", "output", "bytes", "key", "why"), "")
    place = {"row": row, "step": step}
    match outcome:
        case Failed(error):
            yield {**place, "came": "failed", **empty, "why": str(error)}
        case Skipped(because):
            yield {**place, "came": "not started", **empty, "why": f"it needs {', '.join(because)}"}
        case Done(result):
            for output in result.outputs:
                yield {
                    **place,
                    "came": str(result.how),
                    "run": result.run.run_id,
                    "charged": shown_usd(result.run.charged_usd) if output.index == 0 else "",
                    "output": output.output_id,
                    "bytes": f"{output.size_bytes:,}",
                    "key": output.key,
                    "why": result.reason,
                }


async def _table(kind: str, plans: RowPlans, cells: list[dict[str, str]], description: str) -> None:
    if "" in plans.rows:  # a single run of the pipeline: nobody needs a column of empty cells
        cells = [{name: cell for name, cell in row.items() if name != "row"} for row in cells]
    await acreate_table_artifact(cells, key=_artifact_key(kind, plans.pipeline), description=description)


def _artifact_key(kind: str, pipeline: str) -> str:
    return f"{kind}-{_NOT_FOR_KEYS.sub('-', pipeline.lower()).strip('-')}"
