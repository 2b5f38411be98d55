"""The bill of a piece of work, in Markdown: what it has cost so far, and what is not settled yet."""

from collections.abc import Sequence

from prefect.artifacts import acreate_markdown_artifact
from prefect.logging import get_run_logger

from florist.campaigns.bill.bill import Bill
from florist.campaigns.bill.reading import Charges
from florist.campaigns.bill.words import bill_lines, cells, headings
from florist.campaigns.running import charges_told
from florist.stores.store import Store
from flows.tasks.words import artifact_key, escaped

ROWS_AT_MOST = 200
"""Of a table in an artifact: more than anybody reads in Prefect; `florist bill` prints them all."""


async def report_bill(store: Store, *, scope: str, name: str) -> Bill | None:
    """Show what a piece of work has cost, by step and by reason, and log the sum; return it by step.

    For flows of one's own; those that run a campaign have it in their report. Nothing is asked of FLORA. None if
    nothing was spent.

    Args:
        scope: the campaign or, lacking that, the id of the flow run.
        name: the artifact's versions are kept together by it.

    Raises:
        StoreError: the archive could not be asked.
    """
    charges = await charges_told(store, scope, get_run_logger())
    if charges is None:
        return None
    by_step = charges.bill("step")
    text = "\n".join(("# Bill", "", *bill_section(charges)))
    headline = f"**{escaped(bill_lines(by_step)[0])}**"
    await acreate_markdown_artifact(text, key=artifact_key("bill", name), description=headline)
    return by_step


def bill_section(charges: Charges) -> list[str]:
    """Return the bill in words, by step and by reason, as lines of Markdown."""
    by_step = charges.bill("step")
    said = (f"- {escaped(line)}" for line in bill_lines(by_step))
    return [*said, "", *_table(by_step), "", *_table(charges.bill("reason"))]


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """Return a table, its cells escaped.

    Args:
        numbers: stand in all columns but the first.
    """
    rules = ["---", *(["--:" if numbers else "---"] * (len(headings) - 1))]
    lines = [map(escaped, headings), rules, *(map(escaped, row) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _table(bill: Bill) -> list[str]:
    rows = [(group.name or "(none)", *cells(group, bill)) for group in bill.groups[:ROWS_AT_MOST]]
    rows.append(("total", *cells(bill.total, bill)))
    # A column that has nothing takes room from those that have.
    filled = [place for place in range(len(rows[0])) if any(row[place] for row in rows)]
    names = (bill.by.capitalize(), *headings(bill))
    return markdown_table(
        [names[place] for place in filled], [[row[place] for place in filled] for row in rows], numbers=True
    )
