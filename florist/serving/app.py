"""The ASGI application of `florist serve`: all routes of all rooms, in one place, behind one guard.

A receiver of webhooks gives its routes here, and its path to `open_to_all`: it proves by its signature
who asks, and not by a reviewer's token.
"""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from florist.errors import FloristError
from florist.serving.guard import Guard
from florist.serving.kept import KeptObjects
from florist.serving.media_answers import not_found
from florist.serving.origins import Origins
from florist.serving.reviewing import Reviewing
from florist.serving.showing import Showing
from florist.serving.taking import OpensFlora, Taking
from florist.serving.tokens import Tokens
from florist.serving.uploading import Uploading
from florist.stores.store import Store
from florist.studio.uploads import UPLOAD_BYTES_AT_MOST

_FILES = {path.name: path for path in (Path(__file__).parent / "static").iterdir()}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

logger = logging.getLogger(__name__)


def create_app(
    store: Store,
    tokens: Tokens,
    origins: Origins,
    *,
    open_flora: OpensFlora | None = None,
    more_routes: Sequence[BaseRoute] = (),
    open_to_all: tuple[str, ...] = (),
    upload_bytes_at_most: int = UPLOAD_BYTES_AT_MOST,
) -> ASGIApp:
    """Return the application that shows one archive.

    Args:
        open_flora: asks FLORA what another take costs; None: no takes are ordered here.
        more_routes: of other rooms; they come first.
        open_to_all: beginnings of the paths among them that need no token.
    """
    kept = KeptObjects(store)
    routes = [
        *more_routes,
        Route("/static/{name}", _static),
        Route("/favicon.ico", _icon),
        *Uploading(store, kept, most_bytes=upload_bytes_at_most).routes(),
        *Reviewing(store).routes(),
        *Taking(store, open_flora).routes(),
        *Showing(store, kept, orders_takes=open_flora is not None).routes(),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused, FloristError: _failed})
    # It would send whoever forgets a slash to an address made of the request's own headers.
    app.router.redirect_slashes = False
    # Around all of it, so that an answer to a fault of ours has the headers, too.
    return Guard(app, tokens=tokens, origins=origins, open_to_all=("/static/", *open_to_all))


async def _static(request: Request) -> Response:
    path = _FILES.get(request.path_params["name"])
    if path is None:
        return not_found()
    headers = {"content-type": _TYPES[path.suffix], "cache-control": "no-cache"}
    return Response(path.read_bytes(), headers=headers)


async def _icon(request: Request) -> Response:
    """Answer what a browser asks of itself for a page that names no icon, such as a sheet."""
    return Response(_FILES["icon.svg"].read_bytes(), headers={"content-type": _TYPES[".svg"]})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    headers = dict(error.headers or {})
    if request.method in ("GET", "HEAD"):
        return PlainTextResponse(f"{_words(error.detail)}.\n", error.status_code, headers)
    return JSONResponse({"problem": error.detail}, error.status_code, headers)


async def _failed(request: Request, error: Exception) -> Response:
    """Say what the store could not do; messages of ours hold no secret."""
    logger.warning("%s %s: %s", request.method, request.scope["raw_path"].decode("ascii", "replace"), error)
    if request.method in ("GET", "HEAD"):
        return PlainTextResponse(f"{_words(str(error))}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return JSONResponse({"problem": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)


def _words(text: str) -> str:
    return text[:1].upper() + text[1:]
