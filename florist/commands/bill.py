"""`florist bill`: what campaigns have cost, what is in flight, in doubt and wasted."""

import asyncio
from typing import Annotated, Literal

from cyclopts import Parameter

from florist.campaigns.bill.bill import By
from florist.campaigns.bill.reading import read_charges
from florist.campaigns.bill.words import bill_lines, cells, charges_csv, headings
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson
from florist.commands.terminal import print_table, remark, say, write
from florist.errors import ConfigurationError
from florist.stores.locations import store_at
from florist.studio.campaigns import campaign_name


def bill(
    campaign: str | None = None,
    /,
    *,
    by: Literal["row", "step", "technique", "day", "reason", "reviewer"] | None = None,
    archive: Archive = DEFAULT_ARCHIVE,
    timezone: str = "UTC",
    as_csv: Annotated[
        bool, Parameter(name="--csv", negative=(), help="Print every run as a line of CSV.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what was charged, quoted, wasted, and what is still in flight or in doubt. Asks the archive alone.

    Args:
        campaign: its name, or the id of a flow run that had none; without it all campaigns, a line each.
        by: what to add up by; the steps of a campaign, if left out.
        timezone: whose days are meant, such as Europe/Berlin.
    """
    if as_csv and as_json:
        raise ConfigurationError("--csv prints every run, --json the sums: choose one of them")
    name = campaign if campaign is None else campaign_name(campaign)
    found = asyncio.run(read_charges(store_at(archive), name))
    if as_csv:
        write(charges_csv(found, timezone=timezone))
        return
    grouped: By = by or ("campaign" if name is None else "step")
    made = found.bill(grouped, timezone=timezone)
    if as_json:
        say(made.model_dump_json(indent=2))
        return
    rows = [(group.name or "(none)", *cells(group, made)) for group in made.groups]
    heads = headings(made)
    print_table((grouped.capitalize(), *heads), [*rows, ("total", *cells(made.total, made))], right=heads)
    for line in bill_lines(made):
        remark(line)
