"""What a campaign was last run with, to go on with it: its pipeline, its rows and its params."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from florist.campaigns.plan.campaign_plan import FileFacts, Materials
from florist.campaigns.plan.errors import PlanMissingError
from florist.campaigns.plan.materials import file_facts
from florist.campaigns.plan.records import PlanRecord, PlanRecords
from florist.errors import ConfigurationError
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name

Remark = Callable[[str], None]


class Again(NamedTuple):
    """What a campaign is gone on with.

    Attributes:
        rows: where the file of rows is; empty for none.
    """

    campaign: str
    pipeline: Path
    rows: str
    params: Mapping[str, str]


async def found_again(
    store: Store,
    campaign: str,
    *,
    params: Mapping[str, str],
    pipeline: Path | None = None,
    rows: str = "",
    say: Remark = lambda line: None,
) -> Again:
    """Return what the campaign was last run with.

    Args:
        params: those that are given now; they go before the others.
        pipeline, rows: where they are now; where they were if left out.
        say: told of a file that has changed since.

    Raises:
        PlanMissingError: nothing of the campaign's plans was kept.
        ConfigurationError: a file is not where it was, or a param has to be given again.
    """
    name = campaign_name(campaign)
    record = await PlanRecords(store, name).newest()
    if record is None:
        raise PlanMissingError(
            f"{store.location} has no plan of campaign {name}; to go on with it: "
            f"florist run PIPELINE --campaign {name}"
        )
    made_of = record.materials
    if made_of.rows is None and made_of.row_count > 1 and not rows:
        raise ConfigurationError(
            f"a program gave the {made_of.row_count} rows of campaign {name}, and it alone can go on with them"
        )
    return Again(
        name,
        pipeline or Path(_where_it_was(made_of.pipeline, "--pipeline", record, say)),
        rows or (_where_it_was(made_of.rows, "--rows", record, say) if made_of.rows else ""),
        params_of(made_of, params),
    )


def params_of(made_of: Materials, given: Mapping[str, str]) -> dict[str, str]:
    """Return the params that a plan was made with; those given now go before them.

    Raises:
        ConfigurationError: some were not written down, being signed URLs, and are not given now.
    """
    missing = [name for name in made_of.withheld if name not in given]
    if missing:
        names = " ".join(f"--param {name}=…" for name in missing)
        raise ConfigurationError(f"signed URLs are never written down; give them again: {names}")
    return {**made_of.params, **given}


def _where_it_was(facts: FileFacts, option: str, record: PlanRecord, say: Remark) -> str:
    if "://" in facts.location:
        return facts.location
    path = Path(facts.location)
    if not path.exists():
        raise ConfigurationError(f"{path} is not there any more; say where it is now with {option}")
    if file_facts(path).sha256 != facts.sha256:
        say(f"{path} has changed since {record.made_at:%Y-%m-%d %H:%M}.")
    return facts.location
