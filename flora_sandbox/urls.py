"""Which addresses FLORA would fetch from, or call."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from flora_sandbox.settings import MEDIA_HOSTS


def media_url_fault(url: str, *, restrict_hosts: bool) -> str | None:
    """Return what is wrong with a media input, or None. Loopback may be http; everything else is public https."""
    parts = _split(url)
    if parts is None:
        return "Invalid URL"
    if is_loopback(parts.hostname):
        return None if parts.scheme in ("http", "https") else "URL must use https"
    if parts.scheme != "https":
        return "URL must use https"
    if _is_private(parts.hostname):
        return "URL must be public"
    if restrict_hosts and not _is_media_host(parts.hostname or ""):
        return "Host is not allowed"
    return None


def redirect_fault(source: str, target: str, *, restrict_hosts: bool) -> str | None:
    """Return why a redirect is not followed, or None: it is checked as an input, and may not lead back in here."""
    fault = media_url_fault(target, restrict_hosts=restrict_hosts)
    if fault is None and is_loopback(urlsplit(target).hostname) and not is_loopback(urlsplit(source).hostname):
        return "URL must be public"
    return fault


def callback_url_fault(url: str) -> str | None:
    """Return what is wrong with a callback URL, or None."""
    return media_url_fault(url, restrict_hosts=False)


def is_loopback(host: str | None) -> bool:
    """Whether this is the machine itself."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _is_private(host: str | None) -> bool:
    address = _address(host)
    return address is not None and not address.is_global


def _address(host: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host or "")
    except ValueError:
        return None


def _is_media_host(host: str) -> bool:
    return any(host == allowed or host.endswith(f".{allowed}") for allowed in MEDIA_HOSTS)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts if parts.hostname and has_port else None
