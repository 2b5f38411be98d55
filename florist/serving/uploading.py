"""Routes of uploads: the page to drop a picture on, the upload itself, and the pictures that are there."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from florist.api.errors import AssetError
from florist.serving.bodies import body_chunks
from florist.serving.kept import KeptObjects
from florist.serving.media_answers import media_answer
from florist.serving.pages import page
from florist.stores.store import Store
from florist.studio.uploads import UPLOAD_BYTES_AT_MOST, Upload, keep_upload

AT_ONCE = 4
"""Uploads that are written side by side; each has a file on this machine's disk meanwhile."""

_FORM = "multipart/form-data"
"""Not what curl says of `--data-binary`, whatever is sent by it: application/x-www-form-urlencoded."""


class Uploading:
    """Takes uploads for one archive."""

    def __init__(self, store: Store, kept: KeptObjects, *, most_bytes: int = UPLOAD_BYTES_AT_MOST) -> None:
        self._store = store
        self._kept = kept
        self._most_bytes = most_bytes
        self._places = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/uploads", self.show, methods=["GET"]),
            Route("/uploads", self.take, methods=["POST"]),
            Route("/uploads/{name}", self.give, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the page."""
        return page("uploads.html", most_bytes=self._most_bytes, reviewer=request.state.reviewer)

    async def take(self, request: Request) -> Response:
        """Keep the body as a file; the same bytes again have the same address."""
        if request.headers.get("content-type", "").lower().startswith(_FORM):
            raise HTTPException(415, "send the file itself as the body, as in curl --data-binary @FILE")
        async with self._places:
            try:
                upload = await keep_upload(
                    self._store,
                    body_chunks(request, most_bytes=self._most_bytes),
                    name="this file",
                    most_bytes=self._most_bytes,
                )
            except AssetError as error:
                raise HTTPException(422, str(error)) from error
        return JSONResponse(_told(upload, request), 201)

    async def give(self, request: Request) -> Response:
        """Give an upload out."""
        return await media_answer(request, self._store, await self._kept.upload(request.path_params["name"]))


def _told(upload: Upload, request: Request) -> dict[str, object]:
    return {
        "address": str(upload.address),
        "url": f"{request.url.replace(query='')}/{upload.address.name}",
        "bytes": upload.size_bytes,
    }
