"""Decides where a download may connect to: public addresses over https, and what the settings name besides.

A URL comes from a server's answer, and so does a redirect: followed blindly, it would fetch from this machine
or its neighbours (the credentials at 169.254.169.254) and archive what it finds there.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import httpx

from florist.archive.errors import TransferBrokenError, TransferRefusedError
from florist.secrets import shown_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}


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
        TransferRefusedError: not https, or an address that is not public.
        TransferBrokenError: the host has no address.
    """
    parsed = _parsed(url)
    port = parsed.port or _PORTS.get(parsed.scheme, 0)
    is_trusted = f"{parsed.host}:{port}" in trusted_hosts
    if parsed.scheme != "https" and not (is_trusted and parsed.scheme == "http"):
        raise TransferRefusedError(f"{shown_url(url)} is not https; nothing is fetched from it")
    try:
        addresses = await resolve(parsed.host, port)
    except OSError as error:
        raise TransferBrokenError(f"the host of {shown_url(url)} cannot be found: {error.strerror}") from error
    if not addresses:
        raise TransferBrokenError(f"the host of {shown_url(url)} has no address")
    if not is_trusted and not all(map(is_public, addresses)):
        raise TransferRefusedError(
            f"{shown_url(url)} is at an address that is not public; nothing is fetched from it"
        )
    return Target(parsed, addresses[0])


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet at large, also where it wraps another."""
    try:
        outer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(inner.is_global and not inner.is_multicast for inner in (outer, *_wrapped(outer)))


def _wrapped(address: Address) -> tuple[Address, ...]:
    """Return the IPv4 addresses that gateways would make of an IPv6 one."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    teredo = address.teredo[1] if address.teredo else None
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return tuple(inner for inner in (address.ipv4_mapped, address.sixtofour, teredo, nat64) if inner is not None)


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        # Without its cause, whose message may quote the URL.
        raise TransferRefusedError(f"{shown_url(url)} is not a URL") from None
    if parsed.userinfo or not parsed.host:
        raise TransferRefusedError(
            f"{shown_url(url)} has credentials in it, or no host; nothing is fetched from it"
        )
    return parsed
