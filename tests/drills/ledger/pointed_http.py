"""A point before and after each HTTP exchange of this process, whoever makes it."""

from collections.abc import Callable

import httpx


def point_http(pass_by: Callable[[str], None]) -> None:
    """Have every request of this process pass a point before its bytes leave, and one when its answer begins."""
    exchange = httpx.AsyncHTTPTransport.handle_async_request

    async def pointed(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {route_of(request.url.path)}"
        pass_by(f"before {name}")
        response = await exchange(self, request)
        pass_by(f"after {name}")
        return response

    httpx.AsyncHTTPTransport.handle_async_request = pointed  # type: ignore[method-assign]


def route_of(path: str) -> str:
    """Return a path without what differs from one request to the next."""
    names = path.removeprefix("/api/v1").strip("/").split("/")
    if names[0] not in {"techniques", "runs"}:
        return names[0]
    return "/".join("*" if number % 2 else name for number, name in enumerate(names))
