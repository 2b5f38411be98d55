"""The `florist` command.

A command is imported when it is called, so that each starts in a moment. This is the one module of the library
that may reach up to the flows and the sandbox, inside its functions alone: what a command needs of them is handed
to it, by the name of its parameter.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cyclopts import App

import florist
from florist.commands.terminal import remark, stop_writing
from florist.errors import FloristError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from flora_sandbox.books import Books
    from florist.campaigns.endings import CampaignResult
    from florist.campaigns.plan.planning import Planned
    from florist.checkup.finding import Finding
    from florist.commands.deploy import Deployed
    from florist.commands.run_endings import RunRequest

COMMANDS = {
    "archive": ("archive:archive_app", "What is kept of FLORA's outputs, and whether it is still whole."),
    "bill": (
        "bill:bill",
        "Tell what was charged, quoted, wasted, and what is still in flight or in doubt. Asks the archive alone.",
    ),
    "budget": ("budget:budget_app", "What a campaign may cost, has cost, and may still cost."),
    "continue": (
        "continuing:continue_campaign",
        "Go on with a campaign that waits for picks: what takes a picked output is made, at a price shown first.",
    ),
    "deliver": (
        "deliver:deliver",
        "Put the outputs of a campaign under names of your choice. Originals stay; nothing is overwritten.",
    ),
    "deploy": (
        "deploy:deploy",
        "Deploy every pipeline as a form in Prefect. Safe to repeat; pays for nothing.",
    ),
    "doctor": (
        "doctor:doctor",
        "Look at all that a campaign rests on: key, prices, clocks, archive, ledger, Prefect. Pays for nothing.",
    ),
    "init": (
        "init:init",
        "Make a project of one's own: pipeline, rows, deployments, a CI job. Overwrites nothing.",
    ),
    "gallery": (
        "gallery:gallery",
        "Write a campaign's contact sheet, and print where it is. Asks the archive alone; pays for nothing.",
    ),
    "ledger": ("ledger:ledger_app", "What was asked for, what is paid for, and what a person has to decide."),
    "lock": (
        "lock:lock",
        "Write techniques.lock.json beside the pipelines: inputs, outputs and price of each technique they use.",
    ),
    "picks": ("picks:picks_app", "What people have picked of a campaign, and what waits for a pick."),
    "plan": (
        "plan:plan",
        "Say what running a pipeline would do with each step of each row, why, and for what price. "
        "Spends nothing.",
    ),
    "rerun": (
        "rerun:rerun",
        "Fill the gaps of a campaign: what failed is paid for once more, at the price that is shown first.",
    ),
    "run": (
        "run:run",
        "Run a pipeline, and keep every output. Shows first what is new, and for what price.",
    ),
    "sandbox": ("sandbox:sandbox_app", "FLORA on this machine: its API, real media, no key, no bill."),
    "serve": (
        "serve:serve",
        "Show an archive's campaigns to people: contact sheets, picks, uploads. Pays for nothing.",
    ),
    "sweep": ("archive:sweep", "Keep every completed run that this API key can see and the archive has not."),
    "take": (
        "take:take",
        "Make more of one cell, as further variations, at a price that is shown first; those that there are stay.",
    ),
    "techniques": (
        "techniques:techniques",
        "List the techniques this API key may run, or tell one's inputs, outputs and price.",
    ),
    "upload": (
        "upload:upload",
        "Keep files in the archive, and print the address of each: what rows, forms and --param take as a "
        "picture.",
    ),
}
"""Where in `florist.commands` each command is, and its first words: the list shows them without an import."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 3 done with gaps, 130 and 143 interrupted.

    No traceback reaches a person.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        command, bound, asked_for = command_line(words).parse_args(words)
        given = {name: GIVEN[name] for name in asked_for if name in GIVEN}
        sys.exit(command(*bound.args, **bound.kwargs, **given))
    except FloristError as error:
        remark(f"florist: {error}", style="red")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a fault of ours, or of a library: told like any other
        remark(f"florist: {type(error).__name__}: {error}", style="red")
        sys.exit(1)


def command_line(words: Sequence[str] = ()) -> App:
    """Return the command line for these words. Only the command that they call has all of its help."""
    app = App(
        name="florist",
        help="Production pipelines for FLORA techniques: never pay twice, never lose a paid output.",
        version=florist.__version__,
        help_format="plaintext",
    )
    for name, (place, first_words) in COMMANDS.items():
        app.command(f"florist.commands.{place}", name=name, help=None if name in words else first_words)
    return app


def _run_flow(request: "RunRequest", planned: "Planned", console: "Console | None") -> "CampaignResult":
    from florist.commands.checkout import use_checkout

    use_checkout()

    from blocks import archive_at
    from florist.commands.offers import parsed_params
    from florist.studio.row_locations import absolute_location
    from flows.console import run_in_a_terminal
    from flows.run_pipeline import run_pipeline

    rows_then = planned.plan.materials.rows
    flow = partial(
        run_pipeline,
        pipeline=str(request.pipeline),
        params=parsed_params(request.param),
        rows=absolute_location(request.rows),
        rows_sha256=rows_then.sha256 if rows_then else "",
        campaign=request.campaign,
        new_campaign=request.is_new_campaign,
        archive=archive_at(request.archive),
        only_plan=request.only_plan,
        **request.options.model_dump(),
    )
    result: CampaignResult = run_in_a_terminal(flow, stop_writing, through=console)
    return result


def _run_sandbox(arguments: Sequence[str]) -> int:
    from flora_sandbox.command import main as run_sandbox

    return run_sandbox(arguments)


def _sandbox_books(data: "Path | None") -> "Books":
    from flora_sandbox.books import report
    from flora_sandbox.settings import DEFAULT_DATA

    return report(data or DEFAULT_DATA)


def _deploy_all(folder: "Path") -> "Iterable[Deployed]":
    from florist.commands.checkout import use_checkout

    use_checkout()
    from deployments.deploying import deploy

    return deploy(folder)


async def _prefect_findings(folder: "Path", archive: str) -> "Iterable[Finding]":
    from florist.commands.checkout import use_checkout

    use_checkout()
    from deployments.checkup import prefect_findings

    return await prefect_findings(folder, archive)


GIVEN: Mapping[str, Callable[..., Any]] = {
    "deploy_all": _deploy_all,
    "prefect_findings": _prefect_findings,
    "run_flow": _run_flow,
    "run_sandbox": _run_sandbox,
    "sandbox_books": _sandbox_books,
}
"""What is handed to commands, by the names of their parameters."""


if __name__ == "__main__":
    main()
