"""What `florist run` shows and asks before its flow, and what it says after it."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from florist.amounts import shown_usd
from florist.commands.environment import PATIENCE, flora_client
from florist.commands.terminal import asked, err, print_table, remark
from florist.errors import ConfigurationError, FloristError
from florist.ledger import Entry, Ledger, State, in_flight, next_attempt
from florist.pipelines import Pipeline
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans, Rows, step_label
from florist.stores.locations import store_at
from florist.studio.campaigns import Campaigns, campaign_name, mistakable
from florist.studio.prices import charged_line, price_line
from florist.studio.progress import CampaignProgress, campaign_progress
from florist.studio.steps import StepResult


class RunRequest(NamedTuple):
    """What a person asked `florist run` for."""

    pipeline: Path
    param: tuple[str, ...]
    rows: Path | None
    archive: str
    campaign: str
    is_new_campaign: bool

    def command(self) -> str:
        """Return the command that goes on with it."""
        words = ["florist", "run", str(self.pipeline), "--archive", self.archive, "--campaign", self.campaign]
        words += [word for pair in self.param for word in ("--param", pair)]
        words += ["--rows", str(self.rows)] if self.rows else []
        return shlex.join(words)


class Offer(NamedTuple):
    """What a run costs, and what of it is paid for already: None where no campaign was named."""

    plans: RowPlans
    progress: CampaignProgress | None
    is_sandbox: bool


def named_campaign(name: str | None, pipeline: str) -> tuple[str, bool]:
    """Return a campaign's name in its one spelling, and whether a person gave it."""
    given = campaign_name(name or "")
    return given or f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}", bool(given)


async def offer(
    pipeline: Pipeline, params: Mapping[str, str], rows: Rows, *, archive: str, campaign: str
) -> Offer:
    """Look at the archive, then at the prices; nothing is started.

    Args:
        campaign: empty if nobody named one.
    """
    store = store_at(archive)
    await store.check()
    async with flora_client(total_timeout=PATIENCE) as flora:
        plans = await planned_at(flora, pipeline, params, rows)
        is_sandbox = flora.is_sandbox
    if not campaign:
        return Offer(plans, None, is_sandbox)
    is_known = await Campaigns(store).knows(campaign)
    progress = await campaign_progress(plans, campaign, Ledger(store), is_known=is_known)
    return Offer(plans, progress, is_sandbox)


def print_offer(found: Offer) -> None:
    """Print each step's price, the sum, and how much of the campaign is paid for."""
    plans = found.plans
    key, first = next(iter(plans.rows.items()))
    title = plans.pipeline if len(plans.rows) == 1 else f"{plans.pipeline}: row {key}, of {len(plans.rows)}"
    rows = [(row.step, row.technique, row.inputs, shown_usd(row.price_usd)) for row in first.table()]
    print_table(("Step", "Technique", "Takes", "Price"), rows, title=title, right=("Price",), console=err)
    remark(f"{price_line(plans)}")
    for line in found.progress.lines() if found.progress else ():
        remark(line)
    remark("")


def confirm(found: Offer, *, yes: bool) -> None:
    """Go on only if it costs nothing real, or a person has agreed to the price.

    Raises:
        ConfigurationError: nobody has.
    """
    if found.is_sandbox or yes:
        return
    price = price_line(found.plans)
    answer = asked(f"Spend {'at most ' if found.progress else ''}{price} at FLORA?")
    if answer is None:
        raise ConfigurationError(f"this spends {price} at FLORA: agree to it with --yes")
    if not answer:
        raise ConfigurationError("nothing was started, nothing was paid")


def confirm_new(campaign: str, archive: str) -> bool:
    """Return whether a campaign is said to be another one than those that differ by capital letters alone.

    Raises:
        ConfigurationError: it is not, or nobody can be asked.
    """

    async def similar() -> tuple[str, ...]:
        campaigns = Campaigns(store_at(archive))
        return () if await campaigns.knows(campaign) else await campaigns.similar(campaign)

    found = asyncio.run(similar())
    if not found:
        return False
    answer = asked(f"This archive knows campaign {', '.join(found)}. Begin another one called {campaign}?")
    if answer is None:
        raise mistakable(campaign, found)
    if not answer:
        raise ConfigurationError("nothing was started, nothing was paid")
    return True


def print_made(results: Mapping[str, StepResult], archive: str) -> None:
    """Print what was kept, and what it was charged."""
    rows = [
        (
            step,
            result.how,
            result.run.run_id,
            output.output_id,
            f"{output.size_bytes:,}",
            shown_usd(result.run.charged_usd) if output.index == 0 else "",
            output.key,
        )
        for step, result in results.items()
        for output in result.outputs
    ]
    headings = ("Step", "Came", "Run", "Output", "Bytes", "Charged", "Kept as")
    print_table(headings, rows, title=f"Kept in {archive}", right=("Bytes", "Charged"))
    remark(f"{len(results)} runs, {charged_line(results.values())}")


def remark_how_to_go_on(request: RunRequest) -> None:
    """Tell how to go on with a campaign of which something was begun, and what would only fail again."""
    try:
        entries = asyncio.run(Ledger(store_at(request.archive)).entries())
    except FloristError:  # the store may be the very thing that failed, and its own error says more
        return
    ours = [entry for entry in entries if entry.work.campaign == request.campaign]
    open_runs = in_flight(ours)
    if open_runs.run_ids:
        remark(f"{open_runs}.")
    stuck = stuck_lines(ours, request.archive)
    for line in stuck:
        remark(line)
    if ours:
        when = "After that, to" if stuck else "To"
        remark(f"{when} go on where this ended, without paying twice:\n    {request.command()}\n")


def stuck_lines(entries: Sequence[Entry], archive: str) -> list[str]:
    """Return, for each step that the same command again would not help, what would."""
    lines = []
    for entry in _last_attempts(entries):
        what = step_label(entry.work.row, entry.work.step)
        key, where = entry.key[:12], f"--archive {shlex.quote(archive)}"
        if entry.state is State.NEEDS_REVIEW:
            lines.append(f"{what} waits for a person to decide: florist ledger show {key} {where}")
        elif entry.ended is not None and (entry.ended.is_failed or not entry.ended.outputs):
            if entry.ended.is_failed and next_attempt(entry.ended, entry.work.attempt) is not None:
                continue
            why = entry.ended.error_code if entry.ended.is_failed else "no outputs"
            lines.append(
                f"{what} failed for good ({why}): change its inputs, or have it paid for anew by\n"
                f"    florist ledger restart {key} --give-up-run {where}"
            )
    return lines


def _last_attempts(entries: Sequence[Entry]) -> list[Entry]:
    """Return the newest entry of each step and row: those before it failed, or had other inputs."""
    newest: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.recorded_at):
        newest[entry.work.row, entry.work.step] = entry
    return list(newest.values())


def parsed_params(pairs: Sequence[str]) -> dict[str, str]:
    """Return params that were given as name=value.

    Raises:
        ConfigurationError: one of them is not.
    """
    for pair in pairs:
        if "=" not in pair:
            raise ConfigurationError(f"--param {pair!r}: write name=value")
    return dict(pair.partition("=")[::2] for pair in pairs)
