"""Assets: bringing files of one's own to FLORA. Nothing here costs."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from florist.api.answers import model_from
from florist.api.assets import MOST_DIRECT_BYTES, Asset, AssetFile, AssetStatus, asset_file
from florist.api.calls import Call
from florist.api.errors import AssetError, ConflictError, IdempotencyDuplicateError
from florist.api.paging import AsyncPager
from florist.api.resources.resource import Resource, checked_idempotency_key, without_none
from florist.api.resources.workspaces import Workspaces
from florist.api.retries import Effect
from florist.api.routes import route
from florist.api.storage import Storage, is_safe, opened
from florist.api.transport import Transport
from florist.secrets import SignedUrl

RESERVATIONS = 3
"""How many addresses are asked for before one file's upload is given up."""
READY_TIMEOUT = 120.0
LOOK_SECONDS = 1.0


class Assets(Resource):
    """What `client.assets` offers."""

    def __init__(
        self,
        transport: Transport,
        *,
        workspace_id: str | None,
        workspaces: Workspaces,
        storage: Storage,
        is_sandbox: bool,
    ) -> None:
        super().__init__(transport, workspace_id=workspace_id)
        self._workspaces = workspaces
        self._storage = storage
        self._is_sandbox = is_sandbox

    async def upload(
        self,
        source: Path | str | bytes | SignedUrl,
        *,
        workspace_id: str | None = None,
        content_type: str | None = None,
        file_name: str | None = None,
        project_id: str | None = None,
        ready_timeout: float = READY_TIMEOUT,
        sha256: str | None = None,
    ) -> Asset:
        """Bring a file to FLORA by the way that fits it, and return the asset once it is ready.

        Up to 4 MB go in one request; a larger file goes to an address reserved for it, streamed from disk, and
        to a fresh one if that expires; what an https URL leads to is fetched by FLORA itself (at most 50 MB).
        Repeating it makes a second asset, which costs nothing.

        Args:
            source: text is a URL if it begins with http:// or https://, else a path.
            workspace_id: the client's own if left out or, where it has none, the key's first.
            content_type: MIME type; told from the bytes if left out.
            project_id: shows the asset on that project's canvas, too.
            ready_timeout: seconds FLORA may take to make it ready, once it has the bytes.
            sha256: hex; what is sent of a path is hashed on its way, and must be that.

        Raises:
            AssetError: missing, empty, of a type FLORA does not take, or FLORA could not make it ready.
            AssetChangedError: the file's bytes are not, or no longer, those of `sha256`.

        Source: POST /assets, POST /assets/{id}/complete, POST /assets/{id}/retry, GET /assets/{id}
        """
        # At once and under the same name: a URL may be a signed one, and locals are printed with tracebacks.
        source = _understood(source)
        about = {
            "workspace_id": workspace_id or await self._workspaces.home(),
            "content_type": content_type,
            "file_name": file_name,
            "project_id": project_id,
        }
        if isinstance(source, SignedUrl):
            asset = await self.create(source=source, **about)
        else:
            file = await asset_file(source, content_type=content_type, file_name=file_name, sha256=sha256)
            about |= {"content_type": file.media_type, "file_name": file.name}
            send = self._send_directly if file.size_bytes <= MOST_DIRECT_BYTES else self._send_to_storage
            asset = await send(file, about)
        return await self._until_ready(asset.asset_id, ready_timeout)

    async def create(
        self,
        *,
        source: SignedUrl | None = None,
        workspace_id: str | None = None,
        content_type: str | None = None,
        file_name: str | None = None,
        project_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Asset:
        """Let FLORA fetch a file from an https URL; without one, reserve an address to upload a file to.

        Raises:
            AssetError: the URL is not https.

        Source: POST /assets
        """
        if source is not None and not is_safe(source, is_sandbox=self._is_sandbox):
            raise AssetError(f"FLORA fetches files by https alone, not from {source}")
        body = {
            "source": source.reveal() if source else "signed-url",
            "workspace_id": self._workspace(workspace_id),
            "content_type": content_type,
            "file_name": file_name,
            "project_id": project_id,
        }
        return await self._post("/assets", idempotency_key, body=without_none(body))

    async def retrieve(self, asset_id: str) -> Asset:
        """Return an asset as it stands; `failed` is an answer too, not an error.

        Source: GET /assets/{asset_id}
        """
        return await self._read(route("/assets/{}", asset_id), Asset.model_validate)

    async def complete(self, asset_id: str, *, idempotency_key: str | None = None) -> Asset:
        """Tell FLORA that the bytes of a reserved asset are there.

        Source: POST /assets/{asset_id}/complete
        """
        return await self._post(route("/assets/{}/complete", asset_id), idempotency_key)

    async def retry(self, asset_id: str, *, idempotency_key: str | None = None) -> Asset:
        """Reserve a fresh address for an asset whose upload failed or expired.

        Source: POST /assets/{asset_id}/retry
        """
        return await self._post(route("/assets/{}/retry", asset_id), idempotency_key)

    def list(
        self,
        *,
        workspace_id: str | None = None,
        project_id: str | None = None,
        query: str | None = None,
        limit: int | None = None,
    ) -> AsyncPager[Asset]:
        """Go through the assets this API key can see.

        Source: GET /assets
        """
        return self._pager(
            "/assets",
            Asset,
            member="assets",
            identity=lambda asset: asset.asset_id or None,
            workspace_id=workspace_id,
            project_id=project_id,
            query=query,
            limit=limit,
        )

    async def _send_directly(self, file: AssetFile, about: Mapping[str, str | None]) -> Asset:
        content = file.source if isinstance(file.source, bytes) else await asyncio.to_thread(_content, file)
        return await self._post(
            "/assets", None, form=without_none(about), files={"file": (file.name, content, file.media_type)}
        )

    async def _send_to_storage(self, file: AssetFile, about: Mapping[str, Any]) -> Asset:
        reserved = await self.create(**about)
        for _ in range(RESERVATIONS):
            if reserved.upload is None:
                raise AssetError(f"FLORA reserved asset {reserved.asset_id} without an address to upload to")
            if await self._storage.put(reserved.upload, file) and await self._is_completed(reserved.asset_id):
                return reserved
            reserved = await self._reserved_anew(reserved.asset_id, file)
        raise AssetError(
            f"{file.name}: asset {reserved.asset_id} was refused by its storage under {RESERVATIONS} reservations"
        )

    async def _reserved_anew(self, asset_id: str, file: AssetFile) -> Asset:
        try:
            return await self.retry(asset_id)
        except ConflictError as error:
            raise AssetError(
                f"{file.name}: the storage refused asset {asset_id}, though its reservation has not expired"
            ) from error

    async def _is_completed(self, asset_id: str) -> bool:
        """Tell FLORA that the bytes are there; False if it says that the reservation had expired."""
        try:
            await self.complete(asset_id)
        except ConflictError:
            return (await self.retrieve(asset_id)).status is AssetStatus.READY
        return True

    async def _until_ready(self, asset_id: str, ready_timeout: float) -> Asset:
        deadline = self._transport.monotonic() + ready_timeout
        while True:
            asset = await self.retrieve(asset_id)
            if asset.status is AssetStatus.READY:
                return asset
            if asset.status is AssetStatus.FAILED:
                raise AssetError(
                    f"FLORA could not take asset {asset_id}: {asset.failure_message or 'no reason given'}"
                )
            if self._transport.monotonic() >= deadline:
                raise AssetError(
                    f"asset {asset_id} was not ready {ready_timeout:g} s after its upload: {asset.status}"
                )
            await self._transport.sleep(LOOK_SECONDS)

    async def _post(self, path: str, idempotency_key: str | None, **parts: Any) -> Asset:
        def call() -> Call:
            key = checked_idempotency_key(idempotency_key)
            return Call("POST", path, effect=Effect.FREE_WRITE, idempotency_key=key, **parts)

        try:
            answer = await self._transport.send(call())
        except IdempotencyDuplicateError:
            if idempotency_key is not None:
                raise
            # An earlier attempt of ours was processed and its answer lost: another asset costs nothing.
            answer = await self._transport.send(call())
        return model_from(answer, Asset.model_validate)


def _content(file: AssetFile) -> bytes:
    with opened(file) as stream:
        return b"".join(iter(partial(stream.read, MOST_DIRECT_BYTES), b""))


def _understood(source: Path | str | bytes | SignedUrl) -> Path | bytes | SignedUrl:
    if not isinstance(source, str):
        return source
    return SignedUrl(source) if source.lower().startswith(("http://", "https://")) else Path(source)
