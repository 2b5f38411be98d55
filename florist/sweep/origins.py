"""Where a run that a sweep has found came from, as far as ledger, history and catalogue know."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from florist.api.errors import NotFoundError, PermissionDeniedError
from florist.api.models import MediaKind, Run, Technique
from florist.archive.kept_runs import run_of
from florist.archive.keys import index_key
from florist.archive.manifest import Manifest, Parent, RunOrigin
from florist.ledger import Entry, InputIdentity
from florist.studio.origins import parent_of, with_entry
from florist.studio.studio import Studio


class Origins(Protocol):
    """What is known of where a run came from, beside its history."""

    async def origin_of(self, run: Run) -> RunOrigin:
        """Return where the run belongs, so that it is kept where it would have been."""
        ...

    async def kept(self, run: Run, manifest: Manifest) -> None:
        """Tell whoever started the run that it is kept."""
        ...


class LedgerOrigins(Origins):
    """Where runs came from: the ledger's word where it has one, else what history and catalogue tell."""

    def __init__(self, studio: Studio) -> None:
        self._client = studio.client
        self._ledger = studio.ledger
        self._archiver = studio.archiver
        self._spender = studio.spender
        self._techniques: dict[str, asyncio.Task[Technique | None]] = {}

    async def origin_of(self, run: Run) -> RunOrigin:
        """Return the campaign, row and step of a run of ours; else the technique or model alone."""
        if run.technique is None:
            return await self._of_generation(run)
        technique = await self._technique(run.technique.technique_id)
        origin = RunOrigin(
            technique_id=run.technique.technique_id,
            technique=_folder_name(run, technique),
            technique_name=run.technique.name or (technique.name if technique else ""),
            workspace_id=run.workspace_id,
        )
        entry = await self._entry(run)
        types = {declared.id: declared.type for declared in technique.inputs} if technique else {}
        return origin if entry is None else await self._of_entry(origin, entry, types)

    async def kept(self, run: Run, manifest: Manifest) -> None:
        """Say in the ledger that a run of ours is kept: a later run of its campaign then takes it from there."""
        entry = await self._entry(run)
        if entry is not None and entry.has_run and entry.run_id == run.run_id:
            await self._spender.archived(entry, run_of(manifest), index_key(run.run_id))

    async def _of_generation(self, run: Run) -> RunOrigin:
        model = run.subject_id
        entry = await self._entry(run)
        if entry is None:
            name = f"generation {model}" if model else "generation"
            return RunOrigin(
                technique_id="", technique=name, technique_name=model or "", workspace_id=run.workspace_id
            )
        origin = RunOrigin(
            technique_id=entry.work.technique_id,
            technique=entry.work.technique_id,
            workspace_id=run.workspace_id,
        )
        return await self._of_entry(origin, entry, {one.id: MediaKind.TEXT for one in entry.work.inputs})

    async def _entry(self, run: Run) -> Entry | None:
        key = await self._ledger.claimant(run.run_id) if run.subject_id else None
        return await self._ledger.entry(key, run.subject_id) if key and run.subject_id else None

    async def _of_entry(self, origin: RunOrigin, entry: Entry, types: Mapping[str, MediaKind]) -> RunOrigin:
        parents = [await self._parent(identity) for identity in entry.work.inputs]
        return with_entry(origin, entry, types=types, parents=parents)

    async def _parent(self, identity: InputIdentity) -> Parent | None:
        if identity.run_id is None or identity.output_index is None:
            return None
        manifest = await self._archiver.manifest_of(identity.run_id)
        if manifest is None:
            return None
        return parent_of(manifest.run_id, manifest.outputs[identity.output_index])

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
