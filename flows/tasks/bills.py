"""Publish the bill of a piece of work as an artifact: what it has cost so far, and what is not settled yet."""

import re

from prefect.artifacts import acreate_markdown_artifact
from prefect.logging import get_run_logger

from florist.campaigns.bill.bill import Bill
from florist.campaigns.bill.words import bill_lines, cells, headings
from florist.campaigns.running import charges_told
from florist.stores.store import Store

ROWS_AT_MOST = 200
"""Of a table in an artifact: more than anybody reads in Prefect; `florist bill` prints them all."""

_NOT_FOR_KEYS = re.compile(r"[^a-z0-9]+")


async def report_bill(store: Store, *, scope: str, name: str) -> Bill | None:
    """Show what a piece of work has cost, by step and by reason, and log the sum; return it by step.

    Call it when everything has ended, also where steps have failed: then money was spent all the same. Nothing is
    asked of FLORA. None if nothing was spent.

    Args:
        scope: the campaign or, lacking that, the id of the flow run.
        name: of the pipeline; the artifact's versions are kept together by it.

    Raises:
        StoreError: the archive could not be asked.
    """
    charges = await charges_told(store, scope, get_run_logger())
    if charges is None:
        return None
    by_step, by_reason = charges.bill("step"), charges.bill("reason")
    lines = "\n".join(f"- {_escaped(line)}" for line in bill_lines(by_step))
    text = f"# Bill\n\n{lines}\n\n{_table(by_step)}\n{_table(by_reason)}"
    key = f"bill-{_NOT_FOR_KEYS.sub('-', name.lower()).strip('-')}"
    await acreate_markdown_artifact(text, key=key, description=f"**{_escaped(bill_lines(by_step)[0])}**")
    return by_step


def _table(bill: Bill) -> str:
    rows = [(group.name or "(none)", *cells(group, bill)) for group in bill.groups[:ROWS_AT_MOST]]
    table = [
        (bill.by.capitalize(), *headings(bill)),
        ("---", *["--:"] * len(headings(bill))),
        *rows,
        ("total", *cells(bill.total, bill)),
    ]
    return "".join(f"| {' | '.join(map(_escaped, row))} |\n" for row in table)


def _escaped(text: str) -> str:
    """Return a text in which Markdown finds nothing: a campaign may be called anything."""
    return re.sub(r"([\\`*_{}\[\]<>#|!$~])", r"\\\1", " ".join(text.split()))
