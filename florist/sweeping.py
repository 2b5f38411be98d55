"""Sweeps one FLORA workspace into one archive: whose history is read, and what the ledger knows of its runs."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from florist.api import FloraClient
from florist.api.errors import NotFoundError, PermissionDeniedError
from florist.api.models import MediaKind, Run, Technique
from florist.archive.archiver import Archiver
from florist.archive.history import History
from florist.archive.kept_runs import run_of
from florist.archive.keys import index_key
from florist.archive.manifest import Manifest, ManifestInput, Parent, RunOrigin
from florist.archive.sweep import STALE_AFTER, Origins, Sweep, SweepProgress, SweepReport
from florist.ledger import Entry, InputIdentity, Ledger, Spender
from florist.pipelines.amounts import shown_usd

PAGE_SIZE = 50


def sweep_of(
    client: FloraClient,
    ledger: Ledger,
    archiver: Archiver,
    spender: Spender,
    *,
    stale_after: timedelta = STALE_AFTER,
    tell: Callable[[SweepProgress], None] = lambda progress: None,
) -> Sweep:
    """Return the sweep of everything this client's API key can see, into the ledger's own store."""
    return Sweep(
        ledger.store,
        archiver,
        histories_of(client),
        LedgerOrigins(client, ledger, archiver, spender),
        owner=f"{urlsplit(client.base_url).netloc} {client.key_fingerprint}",
        stale_after=stale_after,
        tell=tell,
    )


def sweep_lines(report: SweepReport) -> tuple[str, ...]:
    """Return a report in words, a line for each thing that matters."""
    return (
        f"{report.seen:,} runs seen on {report.pages:,} pages of history; {report.kept_before:,} kept already",
        f"kept now: {_runs(report.kept_now)}, {shown_usd(report.kept_now_usd)}",
        f"paid but not kept: {_runs(report.not_kept)}, {shown_usd(report.not_kept_usd)} "
        f"({report.lost:,} lost, {report.failed:,} failed and tried again by the next sweep)",
        f"{report.leftovers_dropped:,} unfinished uploads or temporary files removed",
    )


def histories_of(client: FloraClient) -> tuple[History, ...]:
    """Return the histories FLORA has; not of one workspace alone, for what was paid for may be filed elsewhere."""

    async def technique_run(run: Run) -> Run:
        if run.technique is None:
            return await client.runs.retrieve(run.run_id)
        return await client.techniques.runs.retrieve(run.run_id, technique=run.technique.technique_id)

    async def generation(run: Run) -> Run:
        return await client.generations.retrieve(run.run_id)

    return (
        History("technique-runs", client.techniques.runs.list(limit=PAGE_SIZE).page, technique_run),
        History("generations", client.generations.list(limit=PAGE_SIZE).page, generation),
    )


class LedgerOrigins(Origins):
    """Where runs came from: the ledger's word where it has one, else what history and catalogue tell."""

    def __init__(self, client: FloraClient, ledger: Ledger, archiver: Archiver, spender: Spender) -> None:
        self._client = client
        self._ledger = ledger
        self._archiver = archiver
        self._spender = spender
        self._techniques: dict[str, asyncio.Task[Technique | None]] = {}

    async def origin_of(self, run: Run) -> RunOrigin:
        """Return the campaign, row and step of a run of ours; else the technique or model alone."""
        if run.technique is None:
            model = run.model.model_id if run.model else None
            name = f"generation {model}" if model else "generation"
            return RunOrigin(
                technique_id="", technique=name, technique_name=model or "", workspace_id=run.workspace_id
            )
        technique = await self._technique(run.technique.technique_id)
        origin = RunOrigin(
            technique_id=run.technique.technique_id,
            technique=_folder_name(run, technique),
            technique_name=run.technique.name or (technique.name if technique else ""),
            workspace_id=run.workspace_id,
        )
        entry = await self._entry(run)
        return origin if entry is None else await self._of_entry(origin, entry, technique)

    async def kept(self, run: Run, manifest: Manifest) -> None:
        """Say in the ledger that a run of ours is kept: a later run of its campaign then takes it from there."""
        entry = await self._entry(run)
        if entry is not None and entry.has_run and entry.run_id == run.run_id:
            await self._spender.archived(entry, run_of(manifest), index_key(run.run_id))

    async def _entry(self, run: Run) -> Entry | None:
        key = await self._ledger.claimant(run.run_id) if run.technique else None
        if key is None or run.technique is None:
            return None
        return await self._ledger.entry(key, run.technique.technique_id)

    async def _of_entry(self, origin: RunOrigin, entry: Entry, technique: Technique | None) -> RunOrigin:
        work = entry.work
        types = {declared.id: declared.type for declared in technique.inputs} if technique else {}
        parents = [await self._parent(identity) for identity in work.inputs]
        inputs = [_input(identity, types) for identity in work.inputs if identity.id in types]
        return origin.model_copy(
            update={
                "inputs": tuple(inputs),
                "parents": tuple(parent for parent in parents if parent),
                "campaign": work.campaign,
                "row": work.row or None,
                "step": work.step or None,
                "flow_run_id": work.flow_run_id,
                "ledger_key": entry.key,
            }
        )

    async def _parent(self, identity: InputIdentity) -> Parent | None:
        if identity.run_id is None or identity.output_index is None:
            return None
        manifest = await self._archiver.manifest_of(identity.run_id)
        if manifest is None:
            return None
        output = manifest.outputs[identity.output_index]
        return Parent(run_id=manifest.run_id, index=output.index, key=output.key, sha256=output.sha256)

    async def _technique(self, technique_id: str) -> Technique | None:
        if technique_id not in self._techniques:
            self._techniques[technique_id] = asyncio.create_task(self._defined(technique_id))
        try:
            return await asyncio.shield(self._techniques[technique_id])
        except Exception:
            self._techniques.pop(technique_id, None)
            raise

    async def _defined(self, technique_id: str) -> Technique | None:
        try:
            return await self._client.techniques.retrieve(technique_id)
        except (
            NotFoundError,
            PermissionDeniedError,
        ):  # deleted since, or somebody else's: its runs are still ours
            return None


def _folder_name(run: Run, technique: Technique | None) -> str:
    """Return what pipelines call the technique, so that swept runs stand beside theirs."""
    if technique is not None and technique.slug:
        return technique.slug
    assert run.technique is not None  # noqa: S101 - asked before
    return run.technique.name or run.technique.technique_id


def _input(identity: InputIdentity, types: dict[str, MediaKind]) -> ManifestInput:
    return ManifestInput(
        id=identity.id,
        type=types[identity.id],
        text=identity.text,
        source=identity.source or None,
        sha256=identity.sha256,
        run_id=identity.run_id,
        index=identity.output_index,
    )


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
