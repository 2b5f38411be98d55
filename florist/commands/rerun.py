"""`florist rerun`: fills the gaps of a campaign that a person names, at a price that is shown first."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter, Token

from florist.campaigns.plan.campaign_plan import CampaignPlan, FileFacts
from florist.campaigns.plan.decisions import Decision
from florist.campaigns.plan.errors import PlanMissingError
from florist.campaigns.plan.gaps import GapKind, filling_plan, to_restart
from florist.campaigns.plan.materials import file_facts
from florist.campaigns.plan.planning import Planned
from florist.campaigns.plan.records import PlanRecord, PlanRecords
from florist.campaigns.plan.selection import selection_of
from florist.campaigns.plan.summary import summary
from florist.commands.offers import keep_plan, offer, wanted_at
from florist.commands.plan import params_again
from florist.commands.terminal import remark
from florist.errors import ConfigurationError
from florist.ledger import Ledger, restart
from florist.ledger.errors import EntryMissingError
from florist.stores.locations import store_at
from florist.studio.campaigns import campaign_name


def _kinds(_: object, tokens: Sequence[Token]) -> tuple[GapKind, ...]:
    return tuple(GapKind(word.strip()) for token in tokens for word in token.value.split(","))


GapKinds = Annotated[tuple[GapKind, ...], Parameter(negative=(), n_tokens=1, accepts_keys=False, converter=_kinds)]
"""The option that names kinds of gaps, with commas between."""


class Gaps(NamedTuple):
    """What a rerun of a campaign is to make.

    Attributes:
        param: of the pipeline, as typed.
        plan: the cells that are made, and nothing else.
    """

    pipeline: Path
    rows: str
    param: tuple[str, ...]
    planned: Planned
    plan: CampaignPlan


def found_gaps(
    campaign: str,
    archive: str,
    only: Sequence[GapKind],
    *,
    param: Sequence[str] = (),
    pipeline: Path | None = None,
    rows: str = "",
) -> Gaps:
    """Look at what of a campaign is missing, and what filling it costs. Nothing is started.

    Args:
        pipeline, rows: where they are now; where they were if left out.

    Raises:
        PlanMissingError: nothing of the campaign's plans was kept.
        ConfigurationError: a file is not where it was, or a param has to be given again.
    """
    name = campaign_name(campaign)
    record = asyncio.run(PlanRecords(store_at(archive), name).newest())
    if record is None:
        raise PlanMissingError(
            f"{store_at(archive).location} has no plan of campaign {name}; to go on with it: "
            f"florist run PIPELINE --campaign {name}"
        )
    made_of = record.materials
    pipeline = pipeline or Path(_where_it_was(made_of.pipeline, "--pipeline", record))
    rows = rows or (_where_it_was(made_of.rows, "--rows", record) if made_of.rows else "")
    typed = params_again(made_of, param)
    wanted = wanted_at(pipeline, typed, campaign=name)
    planned = offer(wanted, rows, archive, is_run=True)
    return Gaps(pipeline, rows, typed, planned, filling_plan(planned.plan, only))


def print_gaps(gaps: Gaps) -> None:
    """Print what a rerun makes, and how much it leaves alone."""
    if gaps.plan.cells:
        for line in summary(gaps.plan):
            remark(line)
    else:
        remark(f"Campaign {gaps.plan.campaign} has no gap that was asked for.")
    whole = gaps.planned.plan
    left = len(whole.cells) - whole.totals.cells[Decision.REUSE] - len(gaps.plan.cells)
    if left:
        remark(
            f"Left alone: {left} other cell{'s' * (left != 1)} without a run that is kept; florist plan tells why."
        )


def permit(gaps: Gaps, archive: str) -> int:
    """Have what failed for good paid for anew, write down which cells are to be made, and return that number.

    Call it once a person has agreed to the price.

    Raises:
        EntryBusyError: somebody has just gone on with one of the entries; look again.
    """
    number = keep_plan(gaps.planned.plan, archive, "rerun", only=selection_of(gaps.plan))

    async def restarted() -> None:
        ledger = Ledger(store_at(archive))
        for cell in to_restart(gaps.plan):
            entry = await ledger.entry(cell.key, cell.technique_id)
            if entry is None:
                raise EntryMissingError(
                    f"the ledger has no entry {cell.key} for {cell.label} any more; look again"
                )
            await restart(ledger, entry, gives_up_run=True)

    asyncio.run(restarted())
    return number


def _where_it_was(facts: FileFacts, option: str, record: PlanRecord) -> str:
    if "://" in facts.location:
        return facts.location
    path = Path(facts.location)
    if not path.exists():
        raise ConfigurationError(f"{path} is not there any more; say where it is now with {option}")
    if file_facts(path).sha256 != facts.sha256:
        remark(f"{path} has changed since {_moment(record.made_at)}: what is new because of that is left alone.")
    return facts.location


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
