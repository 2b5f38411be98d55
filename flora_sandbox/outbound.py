"""The sandbox's own requests to others: fetching inputs, calling back.

Sent by httpx's transport itself, since its client writes every URL into the log, and these are signed ones.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from flora_sandbox.urls import redirect_fault

MAX_REDIRECTS = 5


class UnreachableError(Exception):
    """There was no answer."""


@asynccontextmanager
async def sent(
    method: str,
    url: str,
    *,
    timeout: float,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
    redirects: int = 0,
    restrict_hosts: bool = False,
) -> AsyncIterator[httpx.Response]:
    """Send a request and give its answer, whose body is still to be read.

    Args:
        redirects: at most so many are followed, each checked as FLORA checks an input.
        restrict_hosts: only to hosts that FLORA takes media from.

    Raises:
        UnreachableError: no answer came in time, or it broke off; the message names the host alone.
    """
    try:
        async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
            extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
            request = httpx.Request(method, url, content=content, headers=headers, extensions=extensions)
            response = await transport.handle_async_request(request)
            for _ in range(redirects):
                if not response.has_redirect_location:
                    break
                await response.aclose()
                target = request.url.join(response.headers["location"])
                fault = redirect_fault(str(request.url), str(target), restrict_hosts=restrict_hosts)
                if fault is not None:
                    raise UnreachableError(f"{request.url.host} redirects elsewhere ({fault})")
                request = httpx.Request("GET", target, headers=headers, extensions=extensions)
                response = await transport.handle_async_request(request)
            response.request = request
            try:
                yield response
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"{_host(url)} could not be reached") from error


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return "The address"
