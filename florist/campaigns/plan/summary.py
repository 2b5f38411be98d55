"""A campaign's plan in words: some twenty lines, whatever its size."""

from collections.abc import Iterable, Iterator, Sequence

from florist.amounts import shown_usd
from florist.campaigns.plan.campaign_plan import CampaignPlan, Funds, Group, Totals
from florist.campaigns.plan.decisions import Because, Decision
from florist.wording import shortened

GROUPS_SHOWN = 12
CHANGES_SHOWN = 5
STEPS_NAMED = 4

_VERBS = {
    Decision.REUSE: "reused",
    Decision.RESUME: "resumed",
    Decision.ADOPT: "to be looked for",
    Decision.NEW: "new",
    Decision.FOLLOWS: "to follow",
    Decision.AWAITS: "to wait",
    Decision.BLOCKED: "blocked",
}
_MADE_BEFORE = (Decision.REUSE, Decision.RESUME)


def summary(plan: CampaignPlan) -> list[str]:
    """Return what a person reads before agreeing to the price."""
    lines = [_heading(plan)]
    if plan.campaign and not plan.is_known:
        lines.append(_of_an_unknown_campaign(plan))
    lines += _group_lines(plan.groups)
    lines += _total_lines(plan)
    lines += _awaiting_lines(plan)
    lines += _funds_lines(plan.funds, plan.totals) if plan.funds else ()
    if any(cell.because is Because.ROW_UNUSABLE for cell in plan.cells):
        lines.append("Nothing of it is started before the rows are mended, or taken out of the file.")
    if plan.campaign and any(
        cell.because is Because.FAILED_FOR_GOOD and cell.decision is Decision.BLOCKED for cell in plan.cells
    ):
        lines.append(f"What failed for good is paid for once more by: florist rerun {plan.campaign} --only failed")
    lines += _first(plan.changes, CHANGES_SHOWN, "changes")
    return lines


def price_words(totals: Totals) -> str:
    """Return in words what is paid now: `3 runs for $0.36`, or `nothing`."""
    if not totals.net_runs:
        return "nothing"
    line = f"{_count(totals.net_runs, 'run')} for {shown_usd(totals.net_usd)}"
    if totals.unpriced:
        line += f", and what FLORA charges for {', '.join(totals.unpriced)}, of which it tells no price"
    return line


def _heading(plan: CampaignPlan) -> str:
    rows = plan.materials.row_count
    many = f", {_count(rows, 'row')}" if plan.materials.rows else ""
    of = f"campaign {plan.campaign}" if plan.campaign else "a campaign of its own"
    where = f"in {plan.archive}" if plan.campaign else f"to be kept in {plan.archive}"
    return f"{plan.pipeline}{many}, {of} {where}:"


def _of_an_unknown_campaign(plan: CampaignPlan) -> str:
    return (
        f"Campaign {plan.campaign} is new there: all of it is to be paid for. Runs that another archive holds are "
        "not seen from here; to go on with those, name it with --archive."
    )


def _group_lines(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups[:GROUPS_SHOWN]:
        few = group.steps if len(group.steps) <= STEPS_NAMED else (*group.steps[:STEPS_NAMED], "…")
        # Whoever has to mend something looks for the rows; for all else the steps say enough.
        where = f"{', '.join(group.labels)}{', …' * (group.cells > len(group.labels))}"
        where = where if group.decision is Decision.BLOCKED or group.cells == 1 else ", ".join(few)
        reason = group.reason
        if group.example and (group.cells == 1 or group.decision is Decision.BLOCKED) and not group.is_consequence:
            reason += f": {shortened(group.example, 160)}"
        yield f"  {group.cells:>6,} {_VERBS[group.decision]}: {reason} [{where}]{_money(group)}"
    left = groups[GROUPS_SHOWN:]
    if left:
        cells = sum(group.cells for group in left)
        yield f"  {cells:>6,} more, for {len(left)} other reasons; --json tells each"


def _money(group: Group) -> str:
    if group.decision is Decision.BLOCKED or not group.usd:
        return ""
    if group.decision in _MADE_BEFORE:
        return f", {shown_usd(group.usd)} paid before"
    return f", {shown_usd(group.usd)}"


def _total_lines(plan: CampaignPlan) -> Iterator[str]:
    totals = plan.totals
    # Of a selection, as a rerun makes, the sum of its cells says nothing.
    whole = "" if plan.is_selection else f" All cells together: {shown_usd(totals.gross_usd)}."
    if not totals.net_runs and not totals.uncertain_usd:
        yield f"To pay now: nothing.{whole}"
    else:
        is_least = plan.most_usd <= totals.net_usd
        worst = "" if is_least else f", at most {shown_usd(plan.most_usd)} with retries"
        yield f"To pay now: {price_words(totals)}{worst}.{whole}"
    if totals.uncertain_usd:
        yield f"If lost requests turn out to have made no runs, {shown_usd(totals.uncertain_usd)} more."


def _awaiting_lines(plan: CampaignPlan) -> Iterator[str]:
    totals = plan.totals
    if totals.rows_awaiting:
        rows = plan.materials.row_count
        waits = "wait" if totals.rows_awaiting != 1 else "waits"
        yield (
            f"{totals.rows_awaiting:,} of {_count(rows, 'row')} {waits} for a pick: after the picks "
            f"{shown_usd(totals.after_picks_usd)} more at most."
        )


def _funds_lines(funds: Funds, totals: Totals) -> Iterator[str]:
    spoken_for = (
        (funds.charged_usd, "charged"),
        (funds.uncertain_usd, "uncertain"),
        (funds.reserved_usd, "reserved, for what others are at"),
    )
    parts = [f"{shown_usd(amount)} {word}" for amount, word in spoken_for if amount]
    line = f"Budget: {', '.join([shown_usd(funds.cap_usd), *parts, f'{shown_usd(funds.free_usd)} free'])}."
    if totals.net_usd > funds.free_usd:
        beyond = totals.net_usd - funds.free_usd
        line += (
            f" {shown_usd(beyond)} of the price does not fit, and what does not stays unstarted. All of it takes "
            f"--budget {funds.cap_usd + beyond:.2f}."
        )
    yield line


def _first(lines: Iterable[str], limit: int, what: str) -> list[str]:
    found = list(lines)
    more = [f"… and {len(found) - limit} more {what}."] if len(found) > limit else []
    return found[:limit] + more


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
