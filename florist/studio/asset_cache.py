"""A cache of uploads by content (SHA-256): each content becomes one asset of a workspace, for all processes.

::

    assets/<FLORA's host and the workspace>/<sha256>.json      the id of the asset that has this content

A request that is repeated after a death therefore names the same asset, as a FLORA that compares bodies demands.
A note that is lost, or whose asset is gone, costs an upload and nothing else. It holds no URL: FLORA tells that.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from florist.api import FloraAPI
from florist.api.assets import AssetStatus
from florist.api.errors import APIResponseValidationError, NotFoundError, PermissionDeniedError
from florist.archive.expiry import lasts
from florist.archive.keys import segment
from florist.frozen import FrozenModel
from florist.secrets import SignedUrl
from florist.stores.store import Store

LONGEST_QUEUE = timedelta(minutes=15)
"""FLORA opens an input when the run leaves its queue; nobody says when that is. A URL with less left than this
could be dead by then, unless the step itself waits less long."""

OpenedFile = Callable[[], AbstractAsyncContextManager[Path]]
"""Has a file there for as long as it is uploaded."""


class AssetNote(FrozenModel):
    """Which asset of a workspace has a content."""

    schema_version: Literal[1] = 1
    asset_id: str = Field(min_length=1)


class AssetCache:
    """Knows which asset of FLORA's has what content, by its own memory and by the notes in the store."""

    def __init__(self, client: FloraAPI, store: Store) -> None:
        self._client = client
        self._store = store
        self._urls: dict[str, asyncio.Task[SignedUrl]] = {}

    async def url_of(self, sha256: str, opened: OpenedFile) -> str:
        """Return the URL of the asset with this content, uploaded now if there is none.

        Raises:
            AssetError: FLORA does not take the file.
            AssetChangedError: the file that was opened has another content.
        """
        task = self._urls.get(sha256)
        if task is None or self._is_over(task):
            task = asyncio.create_task(self._find(sha256, opened), name=f"upload {sha256[:12]}")
            self._urls[sha256] = task
        try:
            # Shielded: a step that is cancelled must not take the file from the others.
            return (await asyncio.shield(task)).reveal()
        except Exception:
            if self._urls.get(sha256) is task:
                del self._urls[sha256]
            raise

    def _is_over(self, task: asyncio.Task[SignedUrl]) -> bool:
        return task.done() and (task.cancelled() or task.exception() is not None or not self._lasts(task.result()))

    def _lasts(self, url: SignedUrl | None) -> bool:
        return lasts(url, LONGEST_QUEUE, now=self._client.server_now())

    async def _find(self, sha256: str, opened: OpenedFile) -> SignedUrl:
        workspace_id = self._client.workspace_id or await self._client.workspaces.home()
        owner = segment(f"{urlsplit(self._client.base_url).netloc} {workspace_id}", otherwise="workspace")
        key = f"assets/{owner}/{sha256}.json"
        content = await self._store.read(key)
        if content is not None:
            url = await self._noted(content)
            if url is not None:
                return url
            await self._store.delete(key)
        async with opened() as path:
            asset = await self._client.assets.upload(path, workspace_id=workspace_id, sha256=sha256)
            if asset.url is None:
                raise APIResponseValidationError(
                    f"FLORA tells no URL for asset {asset.asset_id}, made of {path.name}"
                )
        if not asset.asset_id or await self._store.create(key, _note(asset.asset_id)):
            return asset.url
        # Another process was quicker. Its asset is what all will name from now on.
        return await self._noted(await self._store.read(key) or b"") or asset.url

    async def _noted(self, content: bytes) -> SignedUrl | None:
        """Return the URL of the asset that a note names; None if it is of no use any more."""
        try:
            asset = await self._client.assets.retrieve(AssetNote.model_validate_json(content).asset_id)
        except (ValidationError, NotFoundError, PermissionDeniedError):
            return None
        return asset.url if asset.status is AssetStatus.READY and self._lasts(asset.url) else None


def _note(asset_id: str) -> bytes:
    return AssetNote(asset_id=asset_id).model_dump_json().encode()
