"""Which hosts a server answers to: what guards against DNS rebinding, and against other pages' requests."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origins:
    """The addresses that people reach the server by.

    Attributes:
        hosts: as a `Host` header has them, in lower case.
        is_secure: people come by https, by way of a proxy.
    """

    hosts: frozenset[str]
    is_secure: bool = False

    @classmethod
    def of(cls, host: str, port: int, *, public_url: str | None = None) -> "Origins":
        """Return those of a server that listens there, and is known by a public address.

        Args:
            host: an address or a name; of all addresses (`0.0.0.0`), this machine's loopback alone.
        """
        names = (
            {*_LOOPBACK_NAMES} if is_loopback(host) or _is_any(host) else {f"[{host}]" if ":" in host else host}
        )
        hosts = {f"{name}:{port}".lower() for name in names}
        if port == _PORTS["http"]:
            hosts |= {name.lower() for name in names}
        public = urlsplit(public_url or "")
        if public.hostname:
            # As a browser has it, who leaves a port out that goes without saying.
            hosts.add(public.netloc.lower().removesuffix(f":{_PORTS.get(public.scheme, '')}"))
        return cls(frozenset(hosts), is_secure=public.scheme == "https")

    def knows(self, host: str) -> bool:
        """Whether a `Host` header names this server."""
        return host.lower() in self.hosts

    def is_own(self, origin: str, host: str) -> bool:
        """Whether an `Origin` header is that of our own pages, which were had from this host."""
        parts = urlsplit(origin)
        return parts.scheme in _PORTS and self.knows(host) and origin.partition("://")[2].lower() == host.lower()


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach a server that listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
