"""SSRF protection: downloads connect to public addresses over https alone, and to what the settings name besides.

A URL comes from a server's answer, and so does a redirect: followed blindly, it would fetch from this machine
or its neighbours (the credentials at 169.254.169.254) and archive what it finds there. Addresses are allowed by
a list of our own, for Python's `is_global` changes from version to version.

Source: IANA's special-purpose address registries for IPv4 and IPv6.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import httpx

from florist.archive.errors import TransferBrokenError, TransferRefusedError
from florist.secrets import shown_url

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out so far; addresses that hold an IPv4 one of any kind, save 6to4 and Teredo, lie outside."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""How networks without IPv4 reach it: public if the address inside is."""

_SPECIAL_IPV6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)

_PORTS = {"https": 443, "http": 80}
_PORT_AT_MOST = 65_535


class Target(NamedTuple):
    """A URL together with the address that it was checked for, and must be fetched from."""

    url: httpx.URL
    address: str


async def resolved(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a host, as the machine's own resolver tells them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


async def target_of(url: str, *, trusted_hosts: frozenset[str], resolve: Resolve = resolved) -> Target:
    """Check a URL, its host resolved once: whoever connects does so to the address returned.

    Args:
        trusted_hosts: `host:port` that may be fetched from over http and at any address.

    Raises:
        TransferRefusedError: not https, no URL at all, or an address that is not public.
        TransferBrokenError: the host has no address.
    """
    parsed, shown = _parsed(url)
    port = parsed.port or _PORTS.get(parsed.scheme, 0)
    is_trusted = f"{parsed.host}:{port}" in trusted_hosts
    if parsed.scheme != "https" and not (is_trusted and parsed.scheme == "http"):
        raise TransferRefusedError(f"{shown} is not https; nothing is fetched from it")
    try:
        addresses = await resolve(parsed.host, port)
    except OSError as error:
        raise TransferBrokenError(f"the host of {shown} cannot be found: {error.strerror}") from error
    if not addresses:
        raise TransferBrokenError(f"the host of {shown} has no address")
    if not is_trusted and not all(map(is_public, addresses)):
        raise TransferRefusedError(f"{shown} is at an address that is not public; nothing is fetched from it")
    return Target(parsed, addresses[0])


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet at large; of those that wrap another, only NAT64's may."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed in _NAT64:
        parsed = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _SPECIAL_IPV4)
    return parsed in _GLOBAL_UNICAST and not any(parsed in network for network in _SPECIAL_IPV6)


def _parsed(url: str) -> tuple[httpx.URL, str]:
    """Return a URL, and what may be shown of it."""
    try:
        parsed, shown = httpx.URL(url), shown_url(url)
    except (httpx.InvalidURL, ValueError):
        # Without its cause, whose message may quote the URL.
        raise TransferRefusedError("what should be a URL cannot be read as one; nothing is fetched") from None
    if parsed.userinfo or not parsed.host or not 0 <= (parsed.port or 0) <= _PORT_AT_MOST:
        raise TransferRefusedError(
            f"{shown} has credentials in it, no host, or no such port; nothing is fetched from it"
        )
    return parsed, shown
