"""FLORA's addresses: what may stand for its base URL, and the path of a resource."""

import ipaddress
from urllib.parse import SplitResult, quote, urlsplit

import httpx

from florist.api.errors import NoSuchNameError, UntrustedUrlError
from florist.errors import ConfigurationError
from florist.secrets import shown_url

LONGEST_URL = 8000
"""Characters. No server takes more in a request's first line."""


def checked_base_url(url: str) -> str:
    """Return the base URL without trailing slashes.

    Raises:
        ConfigurationError: it is no URL, or would send the API key in the clear over a network.
    """
    parts = _split(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"the FLORA base URL {url!r} is no URL: write it as https://app.flora.ai/api/v1")
    shown = shown_url(url)
    if not is_requestable(url.strip()):
        raise ConfigurationError(f"the FLORA base URL {shown} has a host or path that no URL can have")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"the FLORA base URL {shown} must have no user, query or fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigurationError(f"the FLORA base URL {shown} would send the API key unencrypted: write https://")
    return url.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def route(template: str, *names: str) -> str:
    """Fill ids or slugs into a path: `route("/runs/{}", run_id)`.

    Raises:
        NoSuchNameError: one is empty, or would lead to another route.
    """
    for name in names:
        if name.strip() in {"", ".", ".."}:
            raise NoSuchNameError(f"{name!r} is no id or slug (in {template}); take one from FLORA's own lists")
    return template.format(*(quote(name, safe="") for name in names))


def path_below(base_url: str, url: str) -> str:
    """Return the path of a URL of FLORA's own, relative to the base URL, with its query.

    Raises:
        UntrustedUrlError: it leads elsewhere, where the API key must not go.
    """
    base, parts = _split(base_url), _split(url)
    same = _origin(parts) == _origin(base) and not parts.username and not parts.password
    inside = parts.path.startswith(f"{base.path}/") and ".." not in parts.path.split("/")
    if not same or not inside or not is_requestable(url):
        raise UntrustedUrlError(f"{_shown(url)} is not below {base_url}: the API key is not sent there")
    return parts.path.removeprefix(base.path) + (f"?{parts.query}" if parts.query else "")


def is_requestable(url: str) -> bool:
    """Whether a URL can be sent as it is: short, of visible ASCII or a host that can be written in it."""
    try:
        _ = urlsplit(url).port  # reading it is what validates it
        return len(url) <= LONGEST_URL and url.isprintable() and " " not in url and bool(httpx.URL(url).host)
    except (httpx.InvalidURL, ValueError):
        return False


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it is what validates it
    except ValueError:
        return urlsplit("")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _shown(url: str) -> str:
    return shown_url(url) if _split(url).hostname else "what FLORA gave as a URL"
