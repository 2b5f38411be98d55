"""What `florist run` says when its flow has ended: what was made, what was not and why, how to go on."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from florist.amounts import shown_usd
from florist.campaigns.endings import CampaignResult
from florist.campaigns.gaps import BUDGET, NEEDS, Gap, gap_lines
from florist.commands.terminal import out, print_table, remark, say
from florist.errors import FloristError
from florist.ledger import Entry, Ledger, State, in_flight, next_attempt
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.pipelines.rows import step_label
from florist.stores.locations import store_at
from florist.studio.row_locations import shown_location

EXIT_WITH_GAPS = 3
"""Of `florist run`, where all went well but for the gaps that it names."""
GAPS_PRINTED = 20
STEPS_NAMED = 5
OUTPUTS_PRINTED = 40
"""On a terminal, where nobody reads a table of thousands of lines; a program gets them all."""


class RunRequest(NamedTuple):
    """What a person asked `florist run` or `florist rerun` for.

    Attributes:
        options: those that were given; the pipeline's own come into play where it is run.
        only_plan: the number of the campaign's plan that names the cells to make; None for all.
    """

    pipeline: Path
    param: tuple[str, ...]
    rows: str
    archive: str
    campaign: str
    is_new_campaign: bool
    options: CampaignDefaults = CampaignDefaults()
    only_plan: int | None = None

    def command(self) -> str:
        """Return the command that goes on with it."""
        words = ["florist", "run", str(self.pipeline), "--archive", self.archive, "--campaign", self.campaign]
        words += [word for pair in self.param for word in ("--param", pair)]
        words += ["--rows", shown_location(self.rows)] if self.rows else []
        # What is asked of a few gaps is not asked of the campaign.
        left_out = {"min_success"} if self.only_plan is not None else set()
        for name, value in self.options.model_dump(exclude_none=True, exclude=left_out).items():
            words += [f"--{name.removesuffix('_usd').replace('_', '-')}", str(value)]
        return shlex.join(words)


def print_made(result: CampaignResult, archive: str) -> None:
    """Print what was kept, and what it was charged."""
    rows = [
        (
            made.label,
            made.came,
            made.run_id,
            output.output_id,
            f"{output.size_bytes:,}",
            shown_usd(made.charged_usd) if index == 0 else "",
            output.key,
        )
        for made in result.made.values()
        for index, output in enumerate(made.outputs)
    ]
    if out.is_terminal and len(rows) > OUTPUTS_PRINTED:
        say(f"{len(rows):,} outputs are kept in {archive}: florist archive ls --archive {shlex.quote(archive)}")
        return
    headings = ("Step", "Came", "Run", "Output", "Bytes", "Charged", "Kept as")
    print_table(headings, rows, title=f"Kept in {archive}", right=("Bytes", "Charged"))


def remark_gaps(gaps: Sequence[Gap]) -> None:
    """Say of the gaps what is missing, why, and what to do."""
    lines = gap_lines(gaps)
    for line in lines[:GAPS_PRINTED]:
        remark(line)
    if len(lines) > GAPS_PRINTED:
        remark(f"and {len(lines) - GAPS_PRINTED} more lines of gaps; the flow run's artifact has them all")


def remark_how_to_go_on(request: RunRequest, result: CampaignResult | None = None) -> None:
    """Tell how to go on with a campaign of which something was begun, and what would only fail again.

    Args:
        result: what it has come to; None if it was cut short.
    """
    try:
        entries = asyncio.run(Ledger(store_at(request.archive)).entries())
    except FloristError:  # the store may be the very thing that failed, and its own error says more
        return
    ours = [entry for entry in entries if entry.work.campaign == request.campaign]
    if not ours:
        return
    open_runs = in_flight(ours)
    if open_runs.run_ids:
        remark(f"{open_runs}.")
    named = shlex.join([request.campaign, "--archive", request.archive])
    failed = failed_steps(ours)
    for line in review_lines(ours, request.archive):
        remark(line)
    if result is None:  # else the gaps have been told
        for why, steps in failed.items():
            more = f" and {len(steps) - STEPS_NAMED} more" if len(steps) > STEPS_NAMED else ""
            remark(f"{', '.join(steps[:STEPS_NAMED])}{more} failed for good ({why}).")
    if failed:
        remark(f"To have what failed for good paid for once more:\n    florist rerun {named} --only failed")
    if result is not None and any(gap.code == BUDGET for gap in result.gaps):
        enough = _enough_usd(ours, result)
        options = request.options.model_copy(update={"budget_usd": enough})
        remark(f"A budget of {shown_usd(enough)} is enough for all of it; nothing is paid twice:")
        request = request._replace(options=options)
        remark(f"    {request.command()}")
    elif result is None or _helps_again(result, failed):
        remark(f"To go on where this ended, without paying twice:\n    {request.command()}")
    remark(f"What it has cost so far: florist bill {named}\n")


def remark_how_to_pick(campaign: str, archive: str, rows: int) -> None:
    """Tell how to pick, if rows wait for that, and how to go on then."""
    named = shlex.join([campaign, "--archive", archive])
    if not rows:
        remark(f"Campaign {campaign} waits for no pick, and nothing of it is left to be made.")
        return
    remark(
        f"{rows:,} row{'s wait' if rows != 1 else ' waits'} for a pick. To look and pick: florist gallery {named}"
    )
    remark(f"What stands: florist picks {named}\nTo go on with the picked ones, the price first:")
    remark(f"    florist continue {named}")


def review_lines(entries: Sequence[Entry], archive: str) -> list[str]:
    """Return a line for each step that waits for a person."""
    where = f"--archive {shlex.quote(archive)}"
    return [
        f"{step_label(entry.work.row, entry.work.step)} waits for a person to decide: "
        f"florist ledger show {entry.key[:12]} {where}"
        for entry in _last_attempts(entries)
        if entry.state is State.NEEDS_REVIEW
    ]


def failed_steps(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Return, by why they failed, the steps that the same campaign again does not make."""
    failed: dict[str, list[str]] = {}
    for entry in _last_attempts(entries):
        why = _fault(entry)
        if why:
            failed.setdefault(why, []).append(step_label(entry.work.row, entry.work.step))
    return {why: sorted(steps) for why, steps in failed.items()}


def _helps_again(result: CampaignResult, failed: Mapping[str, Sequence[str]]) -> bool:
    """Whether the same campaign again could fill a gap, be it once something is mended."""
    for_good = {step for steps in failed.values() for step in steps}
    return any(gap.code != NEEDS and gap.label not in for_good for gap in result.gaps)


def _fault(entry: Entry) -> str:
    """Return why a step will not be made by itself any more; empty if it may."""
    if entry.state is State.NEEDS_REVIEW or entry.ended is None:
        return ""
    if entry.ended.is_failed:
        is_over = next_attempt(entry.ended, entry.work.attempt) is None
        return (entry.ended.error_code or "no code") if is_over else ""
    return "" if entry.ended.outputs else "no outputs"


def _enough_usd(entries: Sequence[Entry], result: CampaignResult) -> Decimal:
    """Return what the campaign costs in all, if what is missing costs its price."""
    charged = sum((entry.ended.charged_usd or Decimal(0) for entry in entries if entry.ended), Decimal(0))
    made = sum((made.charged_usd for made in result.made.values()), Decimal(0))
    return charged + result.planned_usd - made


def _last_attempts(entries: Sequence[Entry]) -> list[Entry]:
    """Return the newest entry of each step and row: those before it failed, or had other inputs."""
    newest: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.recorded_at):
        newest[entry.work.row, entry.work.step] = entry
    return list(newest.values())
