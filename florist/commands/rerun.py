"""`florist rerun`: fills the gaps of a campaign that a person names, at a price that is shown first."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter, Token

from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.decisions import Decision
from florist.campaigns.plan.gaps import GapKind, filling_plan, to_restart
from florist.campaigns.plan.planning import Planned
from florist.campaigns.plan.selection import selection_of
from florist.campaigns.plan.summary import summary
from florist.commands.again import Param, campaign_again
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson, Budget
from florist.commands.offers import confirm, keep_plan, offer
from florist.commands.run_endings import RunRequest
from florist.commands.run_options import AtLeastOne
from florist.commands.starting import GivenRunFlow, run_and_tell
from florist.commands.terminal import remark
from florist.ledger import Ledger, restart
from florist.ledger.errors import EntryMissingError
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.stores.locations import store_at


def _kinds(_: object, tokens: Sequence[Token]) -> tuple[GapKind, ...]:
    words = [word.strip() for token in tokens for word in token.value.split(",")]
    unknown = [word for word in words if word not in set(GapKind)]
    if unknown:
        raise ValueError(f"--only {','.join(unknown)}: choose from {', '.join(GapKind)}")
    return tuple(map(GapKind, words))


GapKinds = Annotated[tuple[GapKind, ...], Parameter(negative=(), n_tokens=1, accepts_keys=False, converter=_kinds)]
"""The option that names kinds of gaps, with commas between."""


def rerun(
    campaign: str,
    /,
    *,
    run_flow: GivenRunFlow,
    only: GapKinds = tuple(GapKind),
    param: Param = (),
    pipeline: Path | None = None,
    rows: str = "",
    archive: Archive = DEFAULT_ARCHIVE,
    max_in_flight: AtLeastOne = None,
    budget: Budget = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    ask: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Fill the gaps of a campaign: what failed is paid for once more, at the price that is shown first.

    Args:
        campaign: its name. Pipeline, rows and params are those of its last plan.
        only: kinds of gaps, with commas between: failed, missing (never started, or under way), budget.
        param: a param as name=value, instead of the last one; a signed URL always has to be given again.
        pipeline: where the pipeline's file is now, if it was moved.
        rows: where the file of rows is now, if it was moved.
        max_in_flight: rows walked at one time.
        budget: USD that the campaign may cost, all that it has cost before included.
        dry_run: show the gaps and the price, and stop.
        ask: also before spending a sandbox's money.
        yes: spend without asking.
        as_json: print what happens as lines of JSON.
    """
    gaps = found_gaps(campaign, archive, only, param=param, pipeline=pipeline, rows=rows, cap_usd=budget)
    print_gaps(gaps)
    if dry_run or not gaps.plan.cells:
        return 0
    confirm(gaps.plan, yes=yes, ask=ask)
    number = permit(gaps, archive)
    # Of a few gaps filled no share is asked: the campaign has its other rows.
    options = CampaignDefaults(min_success=0, max_in_flight=max_in_flight, budget_usd=budget)
    request = RunRequest(gaps.pipeline, gaps.param, gaps.rows, archive, gaps.plan.campaign, False, options, number)
    return run_and_tell(request, gaps.planned, run_flow, as_json=as_json)


LEFT_ALONE = "what is new because of that is left alone."


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
    cap_usd: Decimal | None = None,
) -> Gaps:
    """Look at what of a campaign is missing, and what filling it costs. Nothing is started.

    Args:
        pipeline, rows: where they are now; where they were if left out.
        cap_usd: what the campaign may cost from now on; None: what it may as it stands.

    Raises:
        PlanMissingError: nothing of the campaign's plans was kept.
        ConfigurationError: a file is not where it was, or a param has to be given again.
    """
    again = campaign_again(campaign, archive, param=param, pipeline=pipeline, rows=rows, on_change=LEFT_ALONE)
    planned = offer(again.wanted, again.rows, archive, is_run=True, cap_usd=cap_usd)
    return Gaps(again.pipeline, again.rows, again.param, planned, filling_plan(planned.plan, only))


def print_gaps(gaps: Gaps) -> None:
    """Print what a rerun makes, and how much it leaves alone."""
    if gaps.plan.cells:
        for line in summary(gaps.plan):
            remark(line)
    else:
        remark(f"Campaign {gaps.plan.campaign} has no gap that was asked for.")
    whole = gaps.planned.plan
    there = whole.totals.cells[Decision.REUSE] + whole.totals.cells[Decision.AWAITS]
    left = len(whole.cells) - there - len(gaps.plan.cells)
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
