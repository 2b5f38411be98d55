"""Brings files to one FLORA workspace as assets, each content once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from florist.api import FloraClient
from florist.api.errors import APIResponseValidationError
from florist.errors import ConfigurationError

OpenedFile = Callable[[], AbstractAsyncContextManager[Path]]
"""Has a file there for as long as it is uploaded."""


class Uploads:
    """Remembers for this process under which URL FLORA has what content."""

    def __init__(self, client: FloraClient) -> None:
        self._client = client
        self._uploads: dict[str, asyncio.Task[str]] = {}
        self._workspace_id: str | None = client.workspace_id

    async def url_of(self, sha256: str, opened: OpenedFile) -> str:
        """Return the URL of the asset with this content, uploaded now if it has not been.

        Raises:
            AssetError: FLORA does not take the file.
        """
        if sha256 not in self._uploads:
            self._uploads[sha256] = asyncio.create_task(self._upload(opened), name=f"upload {sha256[:12]}")
        try:
            # Shielded: a step that is cancelled must not take the file from the others.
            return await asyncio.shield(self._uploads[sha256])
        except Exception:
            self._uploads.pop(sha256, None)
            raise

    async def _upload(self, opened: OpenedFile) -> str:
        async with opened() as path:
            asset = await self._client.assets.upload(path, workspace_id=await self._workspace())
            if asset.url is None:
                raise APIResponseValidationError(
                    f"FLORA tells no URL for asset {asset.asset_id}, made of {path.name}"
                )
            return asset.url.reveal()

    async def _workspace(self) -> str:
        """Return the workspace that assets go to: the configured one, else the key's first."""
        if self._workspace_id is None:
            workspaces = await self._client.workspaces.list()
            if not workspaces:
                raise ConfigurationError(
                    "this API key sees no workspace that a file could be uploaded to; "
                    "name one in FLORA_WORKSPACE_ID or in the FLORA Workspace block"
                )
            self._workspace_id = workspaces[0].workspace_id
        return self._workspace_id
