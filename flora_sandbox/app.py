"""The web application: routes, error answers, the gate around it all."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from flora_sandbox.flora import Flora
from flora_sandbox.gate import Gate
from flora_sandbox.problems import Problem, invalid, notes_from
from flora_sandbox.routes import actions, admin, assets, catalogues, generations, media, runs, techniques
from flora_sandbox.views import API_PATH

_PARTS = (techniques, runs, generations, actions, catalogues, assets)
# The gate has judged the key by then; this tells the OpenAPI document of it.
_SHOWN_SECURITY = Depends(HTTPBearer(auto_error=False, description="Any key that begins with sk_test_"))


def create_app(flora: Flora) -> Gate:
    """Return the application that serves this sandbox."""
    return Gate(application(), flora, flora_routes())


@functools.cache
def application() -> FastAPI:
    """Return the routes with their error answers: one for all sandboxes of the process, as building it is slow."""
    app = FastAPI(
        title="FLORA (sandbox)",
        version="1",
        description="The FLORA API as a sandbox on this machine serves it.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=_HANDLERS,
    )
    api = APIRouter(prefix=API_PATH, dependencies=[_SHOWN_SECURITY])
    for part in _PARTS:
        api.include_router(part.router)
    app.include_router(api)
    for router in (assets.uploads, media.router, admin.router):
        app.include_router(router)
    return app


def flora_routes() -> tuple[APIRoute, ...]:
    """Return FLORA's own routes, their paths below `/api/v1`."""
    return tuple(route for part in _PARTS for route in part.router.routes if isinstance(route, APIRoute))


async def _problem(_: Request, problem: Exception) -> Response:
    return _answer(problem) if isinstance(problem, Problem) else await _bug(_, problem)


async def _invalid_request(_: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(problem["type"] == "json_invalid" for problem in found):
        return _answer(Problem(400, "invalid_json", "The body is not JSON."))
    return _answer(invalid(*notes_from(found)))


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    what = f"{request.method} {request.url.path}"
    if status == 404:
        return _answer(Problem(501, "not_implemented", f"The sandbox has no route {what}."))
    if status == 405:
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        return _answer(Problem(405, "method_not_allowed", f"There is no {what}.", headers=headers))
    return _answer(Problem(400, "invalid_json", "The body could not be read."))


async def _bug(_: Request, __: Exception) -> Response:
    return _answer(Problem(500, "internal_error", "The sandbox failed; its log says why."))


def _answer(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, dict(problem.headers), "application/json")


_Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]
_HANDLERS: dict[int | type[Exception], _Handler] = {
    Problem: _problem,
    RequestValidationError: _invalid_request,
    HTTPException: _http_error,
    Exception: _bug,
}
