"""How flows and tasks come by a studio: one for each workspace and archive on an event loop."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

from prefect.blocks.core import Block
from pydantic import WithJsonSchema

from blocks import Archive, FloraWorkspace, LocalArchive, S3Archive
from florist.api import FloraAPI
from florist.errors import ConfigurationError
from florist.per_loop import shared
from florist.studio.studio import Studio
from flows.tasks.limits import FleetLimit

DEFAULT_BLOCK = "default"

BlockT = TypeVar("BlockT", bound=Block)

_AS_TEXT = WithJsonSchema({"type": "string"})
WorkspaceGiven = Annotated[str | FloraWorkspace, _AS_TEXT]
ArchiveGiven = Annotated[str | S3Archive | LocalArchive, _AS_TEXT]
"""A block's name, which is all that Prefect's form offers: its choice of blocks looks empty where a default is in
force, and has a tab for None. Programs may give the block itself."""


@asynccontextmanager
async def shared_studio(workspace: FloraWorkspace, archive: Archive) -> AsyncIterator[Studio]:
    """Hold the studio of this workspace and archive.

    A flow holds it from its first line to its last, so that its tasks find connections, watcher and uploads
    where the others left them.
    """
    async with shared(workspace.identity, lambda: _client(workspace)) as client:
        store = archive.get_store()
        async with shared(
            (workspace.identity, store.location),
            lambda: Studio(
                client,
                store,
                callback_url=workspace.callback_url or None,
                project_id=workspace.project_id or None,
            ),
        ) as studio:
            yield studio


def _client(workspace: FloraWorkspace) -> FloraAPI:
    limit = FleetLimit(workspace.workspace_id) if workspace.workspace_id else None
    return workspace.get_client(slot=limit.slot if limit else None)


async def chosen_workspace(workspace: FloraWorkspace | str) -> FloraWorkspace:
    """Return the given or named workspace, else that of the environment, else the saved block named `default`.

    Raises:
        ConfigurationError: there is none.
    """
    if workspace:
        return await workspace_named(workspace) if isinstance(workspace, str) else workspace
    if os.environ.get("FLORA_API_KEY"):
        return FloraWorkspace.from_environment()
    found = await _saved(FloraWorkspace)
    if found is None:
        raise ConfigurationError(
            "no FLORA workspace: choose a saved block, save one as flora-workspace/default, or set FLORA_API_KEY"
        )
    return found


async def chosen_archive(archive: Archive | str) -> Archive:
    """Return the given or named archive, else the saved block named `default`, S3 before folder.

    There is no folder to fall back on: on a worker it would be a temporary one, and the outputs lost with it.

    Raises:
        ConfigurationError: there is none.
    """
    if archive:
        return await archive_named(archive) if isinstance(archive, str) else archive
    found = await _saved(S3Archive) or await _saved(LocalArchive)
    if found is None:
        raise ConfigurationError(
            "no archive: choose a saved block, or save one as s3-archive/default or local-archive/default"
        )
    return found


async def workspace_named(name: str) -> FloraWorkspace:
    """Return the saved workspace of this name, and no other.

    Raises:
        ConfigurationError: there is none.
    """
    found = await _saved(FloraWorkspace, name)
    if found is None:
        raise ConfigurationError(f"no FLORA Workspace block is called {name!r}: save one, or name another")
    return found


async def archive_named(name: str) -> Archive:
    """Return the saved archive of this name, and no other.

    Args:
        name: with its type before it, as in `s3-archive/default`, if there is one of each.

    Raises:
        ConfigurationError: there is none, or one of each type.
    """
    slug, _, own = name.rpartition("/")
    types: tuple[type[S3Archive | LocalArchive], ...] = (S3Archive, LocalArchive)
    asked = [block_type for block_type in types if slug in ("", block_type.get_block_type_slug())]
    found = [archive for block_type in asked if (archive := await _saved(block_type, own)) is not None]
    match found:
        case [archive]:
            return archive
        case []:
            raise ConfigurationError(
                f"no S3 Archive or Local Archive block is called {name!r}: save one, or name another"
            )
        case _:
            both = " or ".join(f"{block_type.get_block_type_slug()}/{own}" for block_type in types)
            raise ConfigurationError(f"two archives are called {name!r}: name {both}")


async def _saved(block_type: type[BlockT], name: str = DEFAULT_BLOCK) -> BlockT | None:
    try:
        return await block_type.aload(name)
    except ValueError:  # Prefect's way to say that there is no such document
        return None
