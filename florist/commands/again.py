"""What `florist rerun`, `continue` and `take` have in common: a campaign is gone on with as it was last run."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter

from florist.campaigns.plan.again import found_again
from florist.campaigns.plan.planning import Wanted
from florist.commands.offers import parsed_params, wanted_at
from florist.commands.terminal import remark
from florist.stores.locations import store_at

Param = Annotated[tuple[str, ...], Parameter(negative=())]


class CampaignAgain(NamedTuple):
    """A campaign as it was last run.

    Attributes:
        param: its params as they are typed.
    """

    pipeline: Path
    rows: str
    param: tuple[str, ...]
    wanted: Wanted


def campaign_again(
    campaign: str,
    archive: str,
    *,
    param: Sequence[str] = (),
    pipeline: Path | None = None,
    rows: str = "",
    on_change: str = "",
) -> CampaignAgain:
    """Return what the campaign was last run with; see `found_again` for arguments and errors.

    Args:
        on_change: what to say of a file that has changed since, beside that it has.
    """

    def say(line: str) -> None:
        remark(f"{line.removesuffix('.')}: {on_change}" if on_change else line)

    found = asyncio.run(
        found_again(
            store_at(archive), campaign, params=parsed_params(param), pipeline=pipeline, rows=rows, say=say
        )
    )
    typed = tuple(f"{name}={value}" for name, value in found.params.items())
    wanted = wanted_at(found.pipeline, typed, campaign=found.campaign)
    return CampaignAgain(found.pipeline, found.rows, typed, wanted)
