"""The `florist` command.

The one module of the library that may reach up to the flows and the sandbox, inside its functions alone: a command
that needs neither starts in a moment.
"""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

import florist
from florist.amounts import shown_usd
from florist.commands.archive import archive_app, sweep
from florist.commands.environment import PATIENCE, flora_client
from florist.commands.ledger import DEFAULT_ARCHIVE, ledger_app
from florist.commands.techniques import techniques
from florist.commands.terminal import err, print_table, remark, say
from florist.errors import ConfigurationError, FloristError
from florist.ledger import Ledger, in_flight
from florist.pipelines import Pipeline, definitions_of, load_pipeline
from florist.pipelines.row_files import load_rows
from florist.pipelines.rows import RowPlans, Rows, plan_rows
from florist.stores.locations import store_at
from florist.studio.prices import charged_line, price_line
from florist.studio.steps import StepResult

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
app.command(sweep)
app.command(techniques)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 130 and 143 interrupted. No traceback reaches a person."""
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
    pipeline: Path,
    /,
    *,
    param: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    rows: Path | None = None,
    archive: str = DEFAULT_ARCHIVE,
    campaign: str | None = None,
    yes: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Run a pipeline through Prefect, and keep every output.

    Args:
        pipeline: a YAML file of steps.
        param: a param of the pipeline as name=value; may be given several times.
        rows: a YAML or JSON file that maps the key of each row to its own params; the pipeline is run for each.
        archive: where outputs are kept: a folder, or s3://bucket/prefix.
        campaign: a name for this piece of work. The same name again resumes it: what is paid is not paid twice.
        yes: spend without asking.
    """
    params = _named_params(param)
    loaded = load_pipeline(pipeline)
    own = load_rows(rows) if rows else {}
    plans, is_sandbox = asyncio.run(_plan(loaded, params, own))
    _print_plan(plans)
    if campaign:
        remark(f"What campaign {campaign} has paid for already is used again, not paid again.\n")
    asyncio.run(store_at(archive).check())
    _confirm(plans, is_sandbox=is_sandbox, yes=yes)
    campaign = campaign or f"{loaded.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        results = _run_flow(pipeline, params, own, archive=archive, campaign=campaign)
    except BaseException:
        words = ["florist", "run", str(pipeline), "--archive", archive, "--campaign", campaign]
        words += [word for pair in param for word in ("--param", pair)]
        words += ["--rows", str(rows)] if rows else []
        _remark_resume(archive, campaign, shlex.join(words))
        raise
    _print_made(results, archive)


def _remark_resume(archive: str, campaign: str, command: str) -> None:
    """Tell how to go on with a campaign of which something was begun."""
    try:
        entries = asyncio.run(Ledger(store_at(archive)).entries())
    except FloristError:  # the store may be the very thing that failed, and its own error says more
        return
    ours = [entry for entry in entries if entry.work.campaign == campaign]
    open_runs = in_flight(ours)
    if open_runs.run_ids:
        remark(f"{open_runs}.")
    if ours:
        remark(f"To go on where this ended, without paying twice:\n    {command}\n")


def _named_params(pairs: Sequence[str]) -> dict[str, str]:
    params = dict(pair.partition("=")[::2] for pair in pairs)
    for pair in pairs:
        if "=" not in pair:
            raise ConfigurationError(f"--param {pair!r}: write name=value")
    return params


async def _plan(pipeline: Pipeline, params: dict[str, str], rows: Rows) -> tuple[RowPlans, bool]:
    async with flora_client(total_timeout=PATIENCE) as flora:
        definitions = await definitions_of(pipeline, flora)
        return plan_rows(pipeline, params, rows, definitions), flora.is_sandbox


def _confirm(plans: RowPlans, *, is_sandbox: bool, yes: bool) -> None:
    """Go on only if it costs nothing real, or a person has agreed to the price.

    Raises:
        ConfigurationError: nobody has.
    """
    if is_sandbox or yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"this spends {price_line(plans)} at FLORA: agree to it with --yes")
    if err.input(f"Spend {price_line(plans)} at FLORA? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise ConfigurationError("nothing was started, nothing was paid")


def _run_flow(
    pipeline: Path, params: dict[str, str], rows: dict[str, dict[str, str]], *, archive: str, campaign: str
) -> Mapping[str, StepResult]:
    # Without a server of its own Prefect starts a temporary one, which takes more than its default 20 s on a busy
    # machine when it has to make its database first.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    if not os.environ.get("PREFECT_API_URL"):
        remark("Without PREFECT_API_URL Prefect uses its profile, or starts a temporary server (some 15 s).")
    from prefect.exceptions import TerminationSignal

    from blocks import archive_at
    from flows.console import without_tracebacks
    from flows.prefect_server import check_server
    from flows.run_pipeline import run_pipeline

    async def checked_run() -> Mapping[str, StepResult]:
        await check_server()
        return await run_pipeline(
            pipeline=str(pipeline), params=params, rows=rows, campaign=campaign, archive=archive_at(archive)
        )

    with without_tracebacks():
        try:
            return asyncio.run(checked_run())
        except (TerminationSignal, BaseExceptionGroup) as ended:
            # Prefect's word for SIGTERM, raised wherever the process was: in a group where that was a step.
            if isinstance(ended, BaseExceptionGroup) and ended.subgroup(TerminationSignal) is None:
                raise
            raise SystemExit(128 + signal.SIGTERM) from ended


def _print_plan(plans: RowPlans) -> None:
    key, first = next(iter(plans.rows.items()))
    title = plans.pipeline if len(plans.rows) == 1 else f"{plans.pipeline}: row {key}, of {len(plans.rows)}"
    rows = [(row.step, row.technique, row.inputs, shown_usd(row.price_usd)) for row in first.table()]
    print_table(("Step", "Technique", "Takes", "Price"), rows, title=title, right=("Price",), console=err)
    remark(f"{price_line(plans)}\n")


def _print_made(results: Mapping[str, StepResult], archive: str) -> None:
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


if __name__ == "__main__":
    main()
