"""Runs the application on uvicorn: bounded connections, and no access log with queries in it."""

import socket
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from florist.errors import ConfigurationError
from florist.serving.connections import ImpatientProtocol

CONNECTIONS_AT_MOST = 512
"""More are answered with 503. Each holds a block of what it reads."""

WAITING_AT_MOST = 256
STOPS_WITHIN = 3
"""Seconds that answers under way are given when the server is told to stop."""


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes a free one.

    Raises:
        ConfigurationError: the address is no address of this machine, or taken.
    """
    try:
        family = socket.AF_INET6 if ":" in host and ip_address(host).version == 6 else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(WAITING_AT_MOST)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError, ValueError) as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error}; choose another --port, or --host"
        ) from error
    return listener


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return a server of the application; `serve(sockets=[…])` runs it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=ImpatientProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            access_log=False,
            log_config=None,
            # Who asks is told by nobody but the connection and the token.
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS_AT_MOST,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=STOPS_WITHIN,
        )
    )
