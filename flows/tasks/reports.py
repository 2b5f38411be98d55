"""What a person sees of a flow run in Prefect's UI: the price before anything is paid for, and what was made."""

from collections.abc import Iterable

from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_run_logger

from florist.amounts import shown_usd
from florist.campaigns.endings import CampaignResult, Cell, Made, end_line
from florist.campaigns.gaps import Gap
from florist.pipelines.rows import RowPlans
from florist.studio.prices import price_line
from flows.tasks.words import artifact_key

LINES_AT_MOST = 1000
"""Of a table: more than anybody reads, less than Prefect's server minds."""


async def report_price(plans: RowPlans, *, note: str) -> None:
    """Log what the plans cost, and show it step by step as an artifact.

    Args:
        note: what else to know before the first run.
    """
    total = f"{price_line(plans)}{note}"
    get_run_logger().info("%s: %s", plans.pipeline, total)
    cells = (
        {
            "row": key,
            "step": row.step,
            "technique": row.technique,
            "price": shown_usd(row.price_usd),
            "takes": row.inputs,
        }
        for key, planned in plans.rows.items()
        for row in planned.table()
    )
    await _table("price", plans.pipeline, cells, f"**Before the first run:** {total}", of=plans.runs)


async def report_made(result: CampaignResult) -> None:
    """Show what every cell has come to, and why, as an artifact: the gaps first."""
    cells: list[Cell] = [*result.gaps, *result.made.values()]
    lines = (line for cell in cells for line in _lines(cell))
    await _table("made", result.pipeline, lines, f"**{result.pipeline}:** {end_line(result)}", of=len(cells))


def _lines(cell: Cell) -> Iterable[dict[str, str]]:
    place = {"row": cell.row, "step": cell.step}
    match cell:
        case Gap():
            came = "failed" if cell.is_started else "not started"
            empty = dict.fromkeys(("run", "charged", "output", "bytes", "key"), "")
            yield {**place, "came": came, **empty, "why": f"{cell.reason}: {cell.message}; {cell.advice}"}
        case Made():
            for index, output in enumerate(cell.outputs):
                yield {
                    **place,
                    "came": cell.came,
                    "run": cell.run_id,
                    "charged": shown_usd(cell.charged_usd) if index == 0 else "",
                    "output": output.output_id,
                    "bytes": f"{output.size_bytes:,}",
                    "key": output.key,
                    "why": cell.reason,
                }


async def _table(kind: str, pipeline: str, lines: Iterable[dict[str, str]], description: str, *, of: int) -> None:
    shown = [line for line, _ in zip(lines, range(LINES_AT_MOST), strict=False)]
    if not any(line["row"] for line in shown):  # a pipeline run once: nobody needs a column of empty cells
        shown = [{name: cell for name, cell in line.items() if name != "row"} for line in shown]
    if of > LINES_AT_MOST:
        description += f" (the first {LINES_AT_MOST:,} lines)"
    await acreate_table_artifact(shown, key=artifact_key(kind, pipeline), description=description)
