"""The `florist` command.

The one module of the library that may reach up to the flows and the sandbox, inside its functions alone: a command
that needs neither starts in a moment.
"""

import asyncio
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

import florist
from florist.api import FloraClient
from florist.api.models import Technique, TechniqueInput
from florist.archive.stores import store_at
from florist.commands.archive import archive_app, sweep
from florist.commands.ledger import DEFAULT_ARCHIVE, ledger_app
from florist.errors import ConfigurationError, FloristError
from florist.ledger import Ledger, in_flight
from florist.pipelines import Pipeline, definitions_of, load_pipeline
from florist.pipelines.amounts import shown_usd
from florist.pipelines.making import StepResult
from florist.pipelines.prices import charged_line, price_line
from florist.pipelines.row_files import load_rows
from florist.pipelines.rows import RowPlans, Rows, plan_rows
from florist.settings import FloraSettings
from florist.terminal import err, print_table, remark, say

PATIENCE = 20.0
"""Seconds that a person at a terminal waits for an answer of FLORA before they are told what is wrong."""

app = App(
    name="florist",
    help="Production pipelines for FLORA techniques: never pay twice, never lose a paid output.",
    version=florist.__version__,
    help_format="plaintext",
)
app.command(ledger_app)
app.command(archive_app)
app.command(sweep)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 misused, 130 interrupted. No traceback reaches a person."""
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


@app.command
def sandbox(*, port: int = 8787, data: Path = Path(".florist/sandbox")) -> int:
    """Run FLORA on this machine: its API, real media, no key, no bill.

    Args:
        port: where it listens, on 127.0.0.1; 0 takes a free one.
        data: its state; a later start goes on where this one ended.
    """
    from sandbox.command import main as run_sandbox

    return run_sandbox(["--port", str(port), "--data", str(data)])


@app.command
def techniques(slug: str | None = None, /, *, query: str | None = None) -> None:
    """List the techniques this API key may run, or tell one's inputs, outputs and price.

    Args:
        slug: a technique's slug or id.
        query: only those that match.
    """
    if slug:
        _print_technique(asyncio.run(_technique(slug)))
    else:
        _print_techniques(asyncio.run(_techniques(query)))


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
    _confirm(plans, is_sandbox=is_sandbox, yes=yes)
    campaign = campaign or f"{loaded.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        results = _run_flow(pipeline, params, own, archive=archive, campaign=campaign)
    except BaseException:
        words = ["florist", "run", str(pipeline), "--archive", archive, "--campaign", campaign]
        words += [word for pair in param for word in ("--param", pair)]
        words += ["--rows", str(rows)] if rows else []
        _remark_in_flight(archive, campaign)
        remark(f"To go on where this ended, without paying twice:\n    {shlex.join(words)}\n")
        raise
    _print_made(results, archive)


def _remark_in_flight(archive: str, campaign: str) -> None:
    try:
        entries = asyncio.run(Ledger(store_at(archive)).entries())
    except FloristError:  # the store may be the very thing that failed, and its own error says more
        return
    open_runs = in_flight(entry for entry in entries if entry.work.campaign == campaign)
    if open_runs.run_ids:
        remark(f"{open_runs}.")


def _named_params(pairs: Sequence[str]) -> dict[str, str]:
    params = dict(pair.partition("=")[::2] for pair in pairs)
    for pair in pairs:
        if "=" not in pair:
            raise ConfigurationError(f"--param {pair!r}: write name=value")
    return params


def _client() -> FloraClient:
    settings = FloraSettings()
    return FloraClient(
        api_key=settings.required_api_key(),
        base_url=settings.base_url,
        workspace_id=settings.workspace_id,
        total_timeout=PATIENCE,
    )


async def _technique(slug: str) -> Technique:
    async with _client() as flora:
        return await flora.techniques.retrieve(slug)


async def _techniques(query: str | None) -> list[Technique]:
    async with _client() as flora:
        return [technique async for technique in flora.techniques.list(query=query)]


async def _plan(pipeline: Pipeline, params: dict[str, str], rows: Rows) -> tuple[RowPlans, bool]:
    async with _client() as flora:
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
        return asyncio.run(checked_run())


def _print_plan(plans: RowPlans) -> None:
    first = next(iter(plans.rows.values()))
    rows = [(row.step, row.technique, row.inputs, shown_usd(row.price_usd)) for row in first.table()]
    print_table(("Step", "Technique", "Takes", "Price"), rows, title=plans.pipeline, right=("Price",), console=err)
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


def _print_techniques(found: Sequence[Technique]) -> None:
    rows = [
        (
            technique.slug or technique.technique_id,
            technique.name,
            ", ".join(_input_line(entry) for entry in technique.inputs),
            ", ".join(entry.type for entry in technique.outputs),
            shown_usd(technique.run_cost_usd),
        )
        for technique in found
    ]
    print_table(("Technique", "Name", "Takes", "Makes", "Price"), rows, right=("Price",))


def _print_technique(technique: Technique) -> None:
    say(f"{technique.name}  {technique.technique_id}  {shown_usd(technique.run_cost_usd)} a run")
    say(technique.description or "")
    rows = [
        (direction, entry.id, _kind(entry), entry.description or entry.name)
        for direction, entries in (("takes", technique.inputs), ("makes", technique.outputs))
        for entry in entries
    ]
    print_table(("", "Id", "Type", "Description"), rows)


def _kind(entry: TechniqueInput) -> str:
    return f"{entry.type}{' (optional)' * entry.optional}{' (several)' * entry.allow_multiple}"


def _input_line(entry: TechniqueInput) -> str:
    return f"{entry.id}: {entry.type}{'?' * entry.optional}"


if __name__ == "__main__":
    main()
