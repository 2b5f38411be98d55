"""What a person sees of a flow run in Prefect's UI: the price before anything is paid for, and what was made."""

import re
from collections.abc import Iterable

from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_run_logger

from florist.pipelines import Plan
from florist.pipelines.making import StepResult
from florist.pipelines.prices import charged_line, price_line, shown_usd
from florist.pipelines.walking import Failed, Skipped, WalkResult

_NOT_FOR_KEYS = re.compile(r"[^a-z0-9]+")


async def report_price(planned: Plan) -> None:
    """Log what the plan costs, and show it step by step as an artifact."""
    total = price_line(planned)
    get_run_logger().info("%s: %s", planned.pipeline, total)
    rows = [
        {"step": row.step, "technique": row.technique, "takes": row.inputs, "price": shown_usd(row.price_usd)}
        for row in planned.table()
    ]
    await acreate_table_artifact(
        rows, key=_artifact_key("price", planned.pipeline), description=f"**Before the first run:** {total}"
    )


async def report_made(planned: Plan, walked: WalkResult[StepResult]) -> None:
    """Show what every step has come to as an artifact."""
    rows = [row for step in planned.steps for row in _rows(step.name, walked)]
    await acreate_table_artifact(
        rows,
        key=_artifact_key("made", planned.pipeline),
        description=f"**{planned.pipeline}:** {len(walked.results)} of {len(planned.steps)} steps done, "
        f"{charged_line(walked.results.values())}",
    )


def _rows(step: str, walked: WalkResult[StepResult]) -> Iterable[dict[str, str]]:
    match walked.outcomes[step]:
        case Failed(error):
            yield _row(step, came=f"failed: {error}")
        case Skipped(because):
            yield _row(step, came=f"not started, it needs {', '.join(because)}")
        case done:
            result = done.result
            for output in result.outputs:
                yield _row(
                    step,
                    came=str(result.how),
                    run=result.run.run_id,
                    charged=shown_usd(result.run.charged_usd),
                    output=output.output_id,
                    bytes=f"{output.size_bytes:,}",
                    key=output.key,
                )


def _row(step: str, *, came: str, **cells: str) -> dict[str, str]:
    empty = dict.fromkeys(("run", "charged", "output", "bytes", "key"), "")
    return {"step": step, "came": came, **empty, **cells}


def _artifact_key(kind: str, pipeline: str) -> str:
    return f"{kind}-{_NOT_FOR_KEYS.sub('-', pipeline.lower()).strip('-')}"
