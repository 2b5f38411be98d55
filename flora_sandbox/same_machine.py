"""Protection against DNS rebinding and cross-site requests: only programs of this machine may call the sandbox.

A web page cannot forge `Host` (a rebound name shows there), nor leave out `Origin` where it sends a POST. The
sandbox's own routes need no key and tell webhook secrets, so both are checked before anything else.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from flora_sandbox.problems import Problem
from flora_sandbox.urls import is_loopback


def check_caller(headers: Headers, bound_host: str) -> None:
    """Let a request through that names this machine as its host and comes from no other web page.

    Raises:
        Problem: 403, `Host` is neither loopback nor the bound host, or `Origin` is another one.
    """
    host = headers.get("host", "")
    name = _name_of(host)
    if not is_loopback(name) and name != bound_host:
        raise Problem(403, "forbidden", "Host must be localhost or a loopback address.")
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        raise Problem(403, "forbidden", "Origin must be the sandbox itself.")


def _name_of(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None
