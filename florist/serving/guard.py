"""ASGI middleware before all routes: Host, Origin, token, security headers, and the access log.

A token in the address of a page becomes a cookie, and the browser is led to the same address without it, so that
neither its history nor a log has the token. The log names methods, paths and reviewers; never a query.
"""

import logging
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from florist.serving.origins import Origins
from florist.serving.pages import unknown_page
from florist.serving.tokens import Tokens

REVIEW_HEADER = "x-florist-review"
"""What our own pages send with what changes something; a form or an image of another page cannot."""

COOKIE_SECONDS = 30 * 24 * 3600
_SAFE = frozenset({"GET", "HEAD"})
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    "content-security-policy": _NOTHING,
}
"""What an answer has that says nothing else."""

logger = logging.getLogger("florist.serving.access")


class Guard:
    """Lets requests of reviewers through, from our own addresses and pages alone.

    Args:
        open_to_all: beginnings of paths that need no token: they show nothing, or prove themselves who asks.
    """

    def __init__(
        self, app: ASGIApp, *, tokens: Tokens, origins: Origins, open_to_all: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._origins = origins
        self._open_to_all = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began_at, status = time.monotonic(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope)
        answer = self._refusal(request)
        try:
            await (answer or self._app)(scope, receive, send_guarded)
        finally:
            seconds = time.monotonic() - began_at
            path = scope.get("raw_path", b"").decode("ascii", "replace")
            who = scope.get("state", {}).get("reviewer", "-")
            logger.info("%s %s %s %s %.0f ms", request.method, path, status or "-", who, seconds * 1000)

    def _refusal(self, request: Request) -> Response | None:
        """Return why a request is not handed on; None if it is. Notes the reviewer in its state."""
        headers = request.headers
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._origins.knows(host):
            return PlainTextResponse(
                "This server is not known by that name. Behind a proxy or another name, tell it its address: "
                "FLORIST_GALLERY_URL=https://…\n",
                421,
            )
        if request.url.path.startswith(self._open_to_all):
            return None
        if request.method in _SAFE and "token" in request.query_params:
            return self._signed_in(request)
        reviewer = self._reviewer(headers, request.url.port)
        if reviewer is None:
            return unknown_page(again=own_path(request) if _is_visit_from_elsewhere(headers) else "")
        request.scope.setdefault("state", {})["reviewer"] = reviewer
        return None if request.method in _SAFE else self._foreign(headers, host)

    def _signed_in(self, request: Request) -> Response:
        token = request.query_params["token"]
        if self._tokens.reviewer_of_token(token) is None:
            return unknown_page()
        answer = RedirectResponse(own_path(request), 303)
        answer.set_cookie(
            cookie_name(request.url.port),
            self._tokens.cookie_for(token),
            max_age=COOKIE_SECONDS,
            secure=self._origins.is_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    def _reviewer(self, headers: Headers, port: int | None) -> str | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.reviewer_of_token(token.strip())
        cookie = _cookies(headers).get(cookie_name(port))
        return None if cookie is None else self._tokens.reviewer_of_cookie(cookie)

    def _foreign(self, headers: Headers, host: str) -> Response | None:
        """Return the refusal of a request that would change something and may be another page's."""
        origin = headers.get("origin")
        is_program = origin is None and "authorization" in headers
        is_ours = is_program or (origin is not None and self._origins.is_own(origin, host))
        if is_ours and headers.get("sec-fetch-site", "same-origin") == "same-origin" and REVIEW_HEADER in headers:
            return None
        return PlainTextResponse(
            f"Only this server's own pages, and programs with a token, may do this. A program sends the header "
            f"{REVIEW_HEADER.title()}: 1, too.\n",
            403,
        )


def own_path(request: Request) -> str:
    """Return the path and query of a request, without a token, as a link that stays on this server."""
    # Two slashes at its beginning would name another host.
    path: str = request.scope["raw_path"].decode("ascii", "replace").lstrip("/\\")
    left = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    return f"/{path}" + (f"?{urlencode(left)}" if left else "")


def cookie_name(port: int | None) -> str:
    """Return the name of the cookie of the server at a port: all ports of a host share their cookies."""
    return f"florist-{port or 'default'}"


def _is_visit_from_elsewhere(headers: Headers) -> bool:
    """Whether somebody has followed a link of another site: the browser keeps the cookie back then."""
    return headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") == "navigate"


def _cookies(headers: Headers) -> Mapping[str, str]:
    found: SimpleCookie = SimpleCookie()
    try:
        found.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}
