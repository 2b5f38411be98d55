"""What a flow run is called: as a person typed it, else `spring · 24 products · $6.24`."""

import re
from datetime import UTC, datetime
from uuid import UUID

from prefect import get_client, runtime

from florist.amounts import shown_usd
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.studio.campaigns import campaign_name

_GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron|pi|rho|sigma|tau|upsilon"
    "|phi|chi|psi|omega"
)
_GENERATED = re.compile(rf"[A-Za-z]+-[A-Za-z]+|({_GREEK})\d*(-[a-z]+){{1,3}}")
"""How a flow run is named that nobody has named: by Prefect's server an adjective and a noun, by its UI's form a
star, such as `phi5-lesath` or `chi-canis-majoris-void`."""
_PLURAL = re.compile(r"[a-z]{2,20}s")
"""A file's name that says what its rows are, such as products or bottles."""
_STAMPED = re.compile(r".* \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def flow_run_name() -> str:
    """Return what a flow run is called: what a person typed, else its campaign, else what it runs and when."""
    parameters = runtime.flow_run.get_parameters()
    what = parameters.get("technique") or parameters.get("pipeline", "")
    name = str(what).rpartition("/")[2].partition(".")[0]
    return name_of(name, campaign=parameters.get("campaign") or "")


def name_of(what: str, *, campaign: str) -> str:
    """Return what this flow run is called: what a person typed, else its campaign, else what it runs and when."""
    typed = runtime.flow_run.name or ""
    if typed and not _GENERATED.fullmatch(typed):
        return typed
    return campaign_name(campaign) or f"{what} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


async def tell_in_name(plan: CampaignPlan) -> None:
    """Put rows and price behind the name of this flow run, unless a person has typed it."""
    flow_run_id, name = runtime.flow_run.get_id(), runtime.flow_run.name or ""
    if flow_run_id is None or not (name == plan.campaign or _STAMPED.fullmatch(name)):
        return
    rows = rows_words(plan.materials.row_count, plan.materials.rows.location) if plan.materials.rows else ""
    parts = filter(None, (name, rows, shown_usd(plan.totals.net_usd)))
    async with get_client() as client:
        await client.update_flow_run(UUID(flow_run_id), name=" · ".join(parts))


def rows_words(count: int, location: str) -> str:
    """Return how many rows there are, by what their file calls them: `24 products` of `examples/products.csv`."""
    stem = location.rpartition("/")[2].partition(".")[0]
    what = stem if count != 1 and _PLURAL.fullmatch(stem) else f"row{'s' * (count != 1)}"
    return f"{count:,} {what}"
