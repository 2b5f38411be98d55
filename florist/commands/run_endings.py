"""What `florist run` says when its flow has ended: what was made, what was not and why, how to go on."""

import asyncio
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from florist.amounts import shown_usd
from florist.campaigns.endings import CampaignResult, end_line
from florist.campaigns.gaps import Gap, gap_lines
from florist.campaigns.options import CampaignOptions
from florist.commands.terminal import print_table, remark
from florist.errors import FloristError
from florist.ledger import Entry, Ledger, State, in_flight, next_attempt
from florist.pipelines.rows import step_label
from florist.stores.locations import store_at
from florist.studio.row_locations import shown_location

EXIT_WITH_GAPS = 3
"""Of `florist run`, where all went well but for the gaps that it names."""
GAPS_PRINTED = 20


class RunRequest(NamedTuple):
    """What a person asked `florist run` or `florist rerun` for.

    Attributes:
        only_plan: the number of the campaign's plan that names the cells to make; None for all.
    """

    pipeline: Path
    param: tuple[str, ...]
    rows: str
    archive: str
    campaign: str
    is_new_campaign: bool
    options: CampaignOptions = CampaignOptions()
    only_plan: int | None = None

    def command(self) -> str:
        """Return the command that goes on with it."""
        words = ["florist", "run", str(self.pipeline), "--archive", self.archive, "--campaign", self.campaign]
        words += [word for pair in self.param for word in ("--param", pair)]
        words += ["--rows", shown_location(self.rows)] if self.rows else []
        for name, value in self.options.model_dump(exclude_defaults=True).items():
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
    headings = ("Step", "Came", "Run", "Output", "Bytes", "Charged", "Kept as")
    print_table(headings, rows, title=f"Kept in {archive}", right=("Bytes", "Charged"))


def remark_end(result: CampaignResult) -> None:
    """Say what a campaign has come to, its gaps one by one."""
    remark_gaps(result.gaps)
    remark(end_line(result))


def remark_gaps(gaps: Sequence[Gap]) -> None:
    """Say of the gaps what is missing, why, and what to do."""
    lines = gap_lines(gaps)
    for line in lines[:GAPS_PRINTED]:
        remark(line)
    if len(lines) > GAPS_PRINTED:
        remark(f"and {len(lines) - GAPS_PRINTED} more lines of gaps; the flow run's artifact has them all")


def remark_how_to_go_on(request: RunRequest) -> None:
    """Tell how to go on with a campaign of which something was begun, and what would only fail again."""
    try:
        entries = asyncio.run(Ledger(store_at(request.archive)).entries())
    except FloristError:  # the store may be the very thing that failed, and its own error says more
        return
    ours = [entry for entry in entries if entry.work.campaign == request.campaign]
    if kept := sum(entry.state is State.ARCHIVED for entry in ours):
        words = ["florist", "ledger", "list", "--archive", request.archive, "--campaign", request.campaign]
        remark(f"Kept of this campaign: {kept} run{'s' * (kept != 1)}; all about them: {shlex.join(words)}")
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
