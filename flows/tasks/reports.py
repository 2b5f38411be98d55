"""What a person sees of a flow run in Prefect's UI: the price before anything is paid for, and what was made."""

from collections.abc import Iterable

from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_run_logger

from florist.amounts import shown_usd
from florist.campaigns.endings import CampaignResult, Cell, Made, end_line
from florist.campaigns.gaps import Gap
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.summary import price_words, summary
from flows.tasks.words import artifact_key

LINES_AT_MOST = 1000
"""Of a table: more than anybody reads, less than Prefect's server minds."""


async def report_plan(plan: CampaignPlan) -> None:
    """Log what is to be paid, and show what becomes of the cells, and why, as an artifact."""
    lines = summary(plan)
    new = "" if plan.is_known or not plan.campaign else f"; campaign {plan.campaign} is new in {plan.archive}"
    get_run_logger().info("%s: to pay now: %s%s", plan.pipeline, price_words(plan.totals), new)
    groups = (
        {
            "decision": group.decision,
            "cells": f"{group.cells:,}",
            "price": shown_usd(group.usd),
            "why": group.reason,
            "steps": ", ".join(group.steps),
            "such as": ", ".join(group.labels),
        }
        for group in plan.groups
    )
    description = f"**Before the first run:** {lines[0]}\n\n" + "\n\n".join(lines[1:])
    await _table("plan", plan.pipeline, groups, description, of=len(plan.groups))


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
    if not any(line.get("row") for line in shown):  # a pipeline run once: nobody needs a column of empty cells
        shown = [{name: cell for name, cell in line.items() if name != "row"} for line in shown]
    if of > LINES_AT_MOST:
        description += f" (the first {LINES_AT_MOST:,} lines)"
    await acreate_table_artifact(shown, key=artifact_key(kind, pipeline), description=description)
