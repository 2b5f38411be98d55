"""`florist archive` and `florist sweep`: what is kept, whether it is still whole, and what is not kept yet."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Annotated

from cyclopts import App, Parameter
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from florist.amounts import shown_usd
from florist.api.models import Run
from florist.archive.manifest import Manifest
from florist.archive.mend import Mender
from florist.archive.verify import Verifier, VerifyReport
from florist.commands.environment import flora_client
from florist.commands.ledger import DEFAULT_ARCHIVE
from florist.commands.terminal import err, print_table, remark, say
from florist.errors import ConfigurationError
from florist.stores.errors import ObjectMissingError
from florist.stores.locations import store_at
from florist.stores.store import Store, StoredObject
from florist.studio.studio import Studio
from florist.sweep.report import SweepProgress, SweepReport, sweep_lines
from florist.sweep.workspace import sweep_workspace

OUR_BOOKS = ("assets/", "checks/", "index/", "ledger/", "lost/", "mended/", "sweeps/")
"""Folders that are not for people to browse; `ls` shows them where they are asked for."""

LONGEST_URL = timedelta(days=7)
"""S3's limit."""

Archive = Annotated[str, Parameter(help="A folder, or s3://bucket/prefix.")]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")]

archive_app = App(name="archive", help="What is kept of FLORA's outputs, and whether it is still whole.")


def sweep(
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    full: Annotated[bool, Parameter(negative=())] = False,
    stale_after: timedelta = timedelta(hours=24),
    as_json: AsJson = False,
) -> None:
    """Keep every completed run that this API key can see and the archive has not.

    May be interrupted, and goes on where it was. It pays for nothing.

    Args:
        full: go through all of history, also what an earlier sweep has covered.
        stale_after: unfinished uploads older than this are aborted, such as 24h.
    """
    report = asyncio.run(_sweep(archive, full=full, stale_after=stale_after))
    if as_json:
        say(report.model_dump_json(indent=2))
    else:
        _print_sweep(report)
    report.raise_for_failures()


@archive_app.command(name="ls")
def list_objects(prefix: str = "", /, *, archive: Archive = DEFAULT_ARCHIVE, as_json: AsJson = False) -> None:
    """List what is kept: outputs, and the manifests beside them.

    Args:
        prefix: only keys that begin so, such as campaigns/spring.
    """
    found = asyncio.run(_listed(archive, prefix))
    if as_json:
        say(json.dumps([_fields(item) for item in found], indent=2))
        return
    rows = [(f"{item.size_bytes:,}", f"{item.modified_at:%Y-%m-%d %H:%M}", item.key) for item in found]
    print_table(("Bytes", "Kept", "Key"), rows, right=("Bytes",))
    size_bytes = sum(item.size_bytes for item in found)
    remark(f"{len(found)} objects, {size_bytes:,} bytes in {store_at(archive).location}")


@archive_app.command
def verify(
    prefix: str = "",
    /,
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    fetch: Annotated[bool, Parameter(negative=())] = False,
    mend: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Check that every output is there, with the size and the hash its manifest tells. Exits with 1 if one is not.

    Args:
        prefix: only runs whose manifest's key begins so.
        fetch: read every byte again.
        mend: fetch what is missing or damaged again, while FLORA has it. It pays for nothing.

    Raises:
        ConfigurationError: no run is kept there: of a wrong place nothing may be called whole.
    """
    report = asyncio.run(_verify(archive, prefix, fetch=fetch, mend=mend))
    if not report.runs and report.is_whole:
        where = f"{store_at(archive).location}{f' under {prefix}' if prefix else ''}"
        raise ConfigurationError(
            f"no run is kept in {where}: nothing was verified; name the archive with --archive"
        )
    if as_json:
        say(report.model_dump_json(indent=2))
    else:
        _print_verified(report)
    return 0 if report.is_whole else 1


@archive_app.command
def presign(key: str, /, *, archive: Archive = DEFAULT_ARCHIVE, expires: timedelta = timedelta(hours=1)) -> None:
    """Print a URL that opens an object on S3 to whoever holds it.

    Args:
        key: as `florist archive ls` prints it.
        expires: for how long, such as 30m, 1h, or at most 7d.
    """
    say(asyncio.run(_presigned(archive, key, expires)))


async def _sweep(archive: str, *, full: bool, stale_after: timedelta) -> SweepReport:
    async with flora_client() as flora:
        studio = Studio(flora, store_at(archive))
        try:
            with _progress() as shown:
                task = shown.add_task("reading history", total=None)

                def on_progress(progress: SweepProgress) -> None:
                    shown.update(task, description=_progress_line(progress))

                return await sweep_workspace(studio, full=full, stale_after=stale_after, on_progress=on_progress)
        finally:
            await studio.aclose()


async def _listed(archive: str, prefix: str) -> list[StoredObject]:
    shows_books = prefix.startswith(OUR_BOOKS)
    listing = store_at(archive).list(prefix)
    return [item async for item in listing if shows_books or not item.key.startswith(OUR_BOOKS)]


async def _verify(archive: str, prefix: str, *, fetch: bool, mend: bool) -> VerifyReport:
    store = store_at(archive)
    async with AsyncExitStack() as opened:
        mender = await opened.enter_async_context(_mender(store)) if mend else None
        shown = opened.enter_context(_progress())
        task = shown.add_task("verifying", total=None)

        def on_progress(done: int, total: int) -> None:
            shown.update(task, description=f"verifying {done:,} of {total:,} runs")

        verifier = Verifier(store, fetch=fetch, mend=mender.mend if mender else None, on_progress=on_progress)
        return await verifier.verify(prefix)


@asynccontextmanager
async def _mender(store: Store) -> AsyncIterator[Mender]:
    async with flora_client() as flora:

        async def read_run(manifest: Manifest) -> Run:
            if not manifest.technique_id:
                return await flora.runs.retrieve(manifest.run_id)
            return await flora.techniques.runs.retrieve(manifest.run_id, technique=manifest.technique_id)

        studio = Studio(flora, store)
        try:
            yield Mender(store, studio.archiver, read_run)
        finally:
            await studio.aclose()


async def _presigned(archive: str, key: str, expires: timedelta) -> str:
    if not timedelta(seconds=1) <= expires <= LONGEST_URL:
        raise ConfigurationError("--expires takes from 1s to 7d: S3 signs for no longer")
    store = store_at(archive)
    if await store.head(key) is None:
        raise ObjectMissingError(f"there is nothing under {key} in {store.location}", key=key)
    url = await store.presign(key, expires_in=expires)
    if url is None:
        raise ConfigurationError(f"{store.location} is a folder, which has no URLs: open the file itself")
    return url.reveal()


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield progress


def _progress_line(progress: SweepProgress) -> str:
    line = f"{progress.seen:,} runs seen, {progress.kept:,} kept"
    return f"{line}, {progress.failed:,} failed" if progress.failed else line


def _print_sweep(report: SweepReport) -> None:
    rows = [
        (run.outcome, run.run_id, run.technique, _date(run.completed_at), shown_usd(run.charged_usd), run.note)
        for run in report.worst_first()
    ]
    if rows:
        print_table(
            ("", "Run", "Technique", "Completed", "Charged", "Kept as, or why not"), rows, right=("Charged",)
        )
    for line in sweep_lines(report):
        remark(line)


def _print_verified(report: VerifyReport) -> None:
    rows = [
        ("mended" if finding.is_mended else finding.fault, finding.key, finding.message)
        for finding in report.findings
    ]
    mended = sum(finding.is_mended for finding in report.findings)
    if rows:
        print_table(("", "Key", "What is wrong"), rows)
    how = "every byte read again" if report.fetched else "bytes not read again: --fetch does"
    remark(f"{report.runs:,} runs, {report.outputs:,} outputs, {report.size_bytes:,} bytes; {how}")
    remark(
        f"{len(rows) - mended:,} missing or damaged{f', {mended:,} mended' if mended else ''}"
        if rows
        else "all whole"
    )


def _fields(item: StoredObject) -> dict[str, object]:
    return {"key": item.key, "size_bytes": item.size_bytes, "modified_at": item.modified_at.isoformat()}


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""
