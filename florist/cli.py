"""The `florist` command.

The one module of the library that may reach up to the flows and the sandbox, inside its functions alone: a command
that needs neither starts in a moment.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

import florist
from florist.campaigns.endings import CampaignResult
from florist.campaigns.errors import CampaignFailedError
from florist.campaigns.options import CampaignOptions, OnRefusal
from florist.campaigns.plan.gaps import GapKind
from florist.campaigns.plan.planning import Planned
from florist.commands.archive import archive_app, sweep
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive, AsJson
from florist.commands.bill import bill
from florist.commands.budget import budget_app
from florist.commands.campaign_view import campaign_view
from florist.commands.checkout import use_checkout
from florist.commands.deliver import deliver
from florist.commands.deploy import print_deployed
from florist.commands.doctor import doctor
from florist.commands.ledger import ledger_app
from florist.commands.lock import lock
from florist.commands.offers import (
    confirm,
    confirm_new,
    named_campaign,
    offer,
    parsed_params,
    print_offer,
    wanted_at,
)
from florist.commands.plan import agreed_plan, params_again, plan, print_plan, refuse_if_moved
from florist.commands.rerun import GapKinds, found_gaps, permit, print_gaps
from florist.commands.run_endings import (
    EXIT_WITH_GAPS,
    RunRequest,
    print_made,
    remark_end,
    remark_gaps,
    remark_how_to_go_on,
)
from florist.commands.techniques import techniques
from florist.commands.terminal import print_table, remark, say, stop_writing
from florist.errors import ConfigurationError, FloristError
from florist.pipelines.rows import MAX_IN_FLIGHT
from florist.studio.row_locations import absolute_location

AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]
Budget = Annotated[Decimal | None, Parameter(validator=validators.Number(gte=0))]

app = App(
    name="florist",
    help="Production pipelines for FLORA techniques: never pay twice, never lose a paid output.",
    version=florist.__version__,
    help_format="plaintext",
)
sandbox_app = App(name="sandbox", help="FLORA on this machine: its API, real media, no key, no bill.")
app.command(sandbox_app)
app.command(ledger_app)
app.command(archive_app)
app.command(budget_app)
app.command(sweep)
app.command(bill)
app.command(deliver)
app.command(lock)
app.command(techniques)
app.command(doctor)
app.command(plan)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 3 done with gaps, 130 and 143 interrupted.

    No traceback reaches a person.
    """
    try:
        app(arguments)
    except FloristError as error:
        remark(f"florist: {error}", style="red")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a fault of ours, or of a library: told like any other
        remark(f"florist: {type(error).__name__}: {error}", style="red")
        sys.exit(1)


@sandbox_app.default
def serve_sandbox(
    *,
    port: int = 8787,
    data: Path | None = None,
    seed: int | None = None,
    balance: Decimal | None = None,
    duration_scale: float | None = None,
    idempotency: Literal["duplicate", "replay", "none"] | None = None,
    scenario: str | None = None,
    setting: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
) -> int:
    """Serve it until it is stopped.

    Args:
        port: where it listens, on 127.0.0.1; 0 takes a free one.
        data: its state, .flora-sandbox if left out; a later start goes on where this one ended.
        seed: for durations and faults.
        balance: USD of each workspace, in a new data directory.
        duration_scale: times each technique's nominal duration.
        idempotency: what a key that comes again is answered with.
        scenario: faults in force from the start, by the scenario's name.
        setting: any other setting as NAME=VALUE; may be given several times.
    """
    from flora_sandbox.command import main as run_sandbox

    options = {
        "--port": port,
        "--data": data,
        "--seed": seed,
        "--balance": balance,
        "--duration-scale": duration_scale,
        "--idempotency": idempotency,
        "--scenario": scenario,
    }
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    return run_sandbox([*given, *(f"--set={pair}" for pair in setting)])


@sandbox_app.command(name="report")
def report_sandbox(
    *,
    data: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")] = False,
) -> None:
    """Print its books: runs made, charged and fetched, by technique and by idempotency key.

    Args:
        data: its state, .flora-sandbox if left out; it need not be running.
    """
    from flora_sandbox.books import Line, report
    from flora_sandbox.settings import DEFAULT_DATA

    try:
        books = report(data or DEFAULT_DATA)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{error}: name its data directory with --data") from error
    if as_json:
        say(books.model_dump_json(indent=2))
        return
    counts = [name.replace("_", " ").capitalize() for name in Line.model_fields]
    for heading, lines in (("Technique", books.by_technique), ("Idempotency key", books.by_key)):
        rows = [(name or "(none)", *map(str, line.model_dump().values())) for name, line in lines.items()]
        total = ("total", *map(str, books.total.model_dump().values()))
        print_table((heading, *counts), [*rows, total], right=counts)
    print_table(("Workspace", "USD left"), [(name, str(usd)) for name, usd in books.balances_usd.items()])
    print_table(("Fault", "Struck"), [(name, str(count)) for name, count in books.faults_struck.items()])


@app.command
def run(
    pipeline: Path | None = None,
    /,
    *,
    param: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    rows: str = "",
    archive: Archive = DEFAULT_ARCHIVE,
    campaign: str | None = None,
    new_campaign: Annotated[bool, Parameter(negative=())] = False,
    max_in_flight: AtLeastOne = MAX_IN_FLIGHT,
    min_success: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=1))] = 0.0,
    on_refusal: OnRefusal = "skip",
    budget: Budget = None,
    agreed: Annotated[Path | None, Parameter(name="--plan")] = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    ask: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Run a pipeline through Prefect, and keep every output. Shows first what is new, and for what price.

    Exits with 0; with gaps 3; if it failed 1.

    Args:
        pipeline: a YAML file of steps; the plan's own if left out with --plan.
        param: a param of the pipeline as name=value; may be given several times.
        rows: a spreadsheet, for each row of which the pipeline is run: CSV, TSV, JSON lines, YAML or .xlsx, as
            a path, https://… or s3://…
        campaign: a name for this piece of work. The same name again resumes it: what is paid is not paid twice.
        new_campaign: it is another campaign than one whose name differs by capital letters alone.
        max_in_flight: rows walked at one time.
        min_success: the share of rows, from 0 to 1, that must be complete; with fewer, or none, it has failed.
        on_refusal: what FLORA refuses for good leaves a gap (skip), or nothing further is begun (fail).
        budget: USD that the campaign may cost, all that it has cost before included; the rest is not started.
        agreed: a file by `florist plan --out`: run exactly that, and nothing if it would be anything else by now.
        dry_run: show the plan and stop, as `florist plan` does.
        ask: also before spending a sandbox's money.
        yes: spend without asking.
        as_json: print what happens as lines of JSON.
    """
    promised = agreed_plan(agreed) if agreed else None
    if promised:
        made_of = promised.materials
        pipeline = Path(made_of.pipeline.location)
        rows = rows or (made_of.rows.location if made_of.rows else "")
        param, campaign = params_again(made_of, param), promised.campaign
    if pipeline is None:
        raise ConfigurationError("name a pipeline's file, or a plan with --plan")
    wanted = wanted_at(pipeline, param, campaign=campaign or "")
    name, is_given = named_campaign(campaign, wanted.pipeline.name)
    if dry_run:
        print_plan(offer(wanted, rows, archive, is_run=False), as_json=as_json)
        return 0
    use_checkout()
    planned = offer(wanted, rows, archive, is_run=True)
    print_offer(planned)
    if promised and agreed:
        refuse_if_moved(promised, planned.plan, agreed)
    planned.refuse_unusable()
    is_new = new_campaign or (is_given and confirm_new(name, archive))
    confirm(planned.plan, yes=yes or (promised is not None and not ask), ask=ask)
    options = CampaignOptions(
        min_success=min_success, on_refusal=on_refusal, max_in_flight=max_in_flight, budget_usd=budget
    )
    request = RunRequest(pipeline, param, rows, archive, name, is_new, options)
    return _run_and_tell(request, planned, as_json=as_json)


@app.command
def rerun(
    campaign: str,
    /,
    *,
    only: GapKinds = tuple(GapKind),
    param: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    pipeline: Path | None = None,
    rows: str = "",
    archive: Archive = DEFAULT_ARCHIVE,
    max_in_flight: AtLeastOne = MAX_IN_FLIGHT,
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
    gaps = found_gaps(campaign, archive, only, param=param, pipeline=pipeline, rows=rows)
    print_gaps(gaps)
    if dry_run or not gaps.plan.cells:
        return 0
    use_checkout()
    confirm(gaps.plan, yes=yes, ask=ask)
    number = permit(gaps, archive)
    options = CampaignOptions(max_in_flight=max_in_flight, budget_usd=budget)
    request = RunRequest(gaps.pipeline, gaps.param, gaps.rows, archive, gaps.plan.campaign, False, options, number)
    return _run_and_tell(request, gaps.planned, as_json=as_json)


@app.command
def deploy(folder: Path = Path(), /) -> None:
    """Deploy every pipeline as a form in Prefect, and what prefect.yaml names. Safe to repeat; pays for nothing.

    Tells of each what has changed in its form. The server is that of PREFECT_API_URL or of Prefect's profile.

    Args:
        folder: the checkout, with pipelines/ and prefect.yaml in it.
    """
    use_checkout()
    from deployments.deploying import deploy as deploy_all

    print_deployed(deploy_all(folder.absolute()))


def _run_and_tell(request: RunRequest, planned: Planned, *, as_json: bool) -> int:
    try:
        result = _run_flow(request, planned, as_json=as_json)
    except BaseException as error:
        if isinstance(error, CampaignFailedError):
            remark_gaps(error.gaps)
        remark_how_to_go_on(request)
        raise
    if not as_json:
        print_made(result, request.archive)
    if result.gaps:
        remark_how_to_go_on(request)
    remark_end(result)
    return EXIT_WITH_GAPS if result.gaps else 0


def _run_flow(request: RunRequest, planned: Planned, *, as_json: bool) -> CampaignResult:
    # Without a server of its own Prefect starts a temporary one, which takes more than its default 20 s on a busy
    # machine when it has to make its database first.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    if not os.environ.get("PREFECT_API_URL"):
        remark("Without PREFECT_API_URL Prefect uses its profile, or starts a temporary server (some 15 s).")
    from prefect.exceptions import TerminationSignal

    from blocks import archive_at
    from flows.console import in_a_terminal
    from flows.prefect_server import check_server
    from flows.run_pipeline import run_pipeline

    made_of = planned.plan.materials

    async def checked_run() -> CampaignResult:
        await check_server()
        result: CampaignResult = await run_pipeline(
            pipeline=str(request.pipeline),
            params=parsed_params(request.param),
            rows=absolute_location(request.rows),
            rows_sha256=made_of.rows.sha256 if made_of.rows else "",
            campaign=request.campaign,
            new_campaign=request.is_new_campaign,
            archive=archive_at(request.archive),
            only_plan=request.only_plan,
            **request.options.model_dump(),
        )
        return result

    with campaign_view(as_json=as_json) as console, in_a_terminal(stop_writing, through=console):
        try:
            return asyncio.run(checked_run())
        except (TerminationSignal, BaseExceptionGroup) as ended:
            # Prefect's word for SIGTERM, raised wherever the process was: in a group where that was a step.
            if isinstance(ended, BaseExceptionGroup) and ended.subgroup(TerminationSignal) is None:
                raise
            raise SystemExit(128 + signal.SIGTERM) from ended


if __name__ == "__main__":
    main()
