"""`florist serve`: the archive for people to look at, pick from, and upload to."""

import asyncio
import logging
import sys
from pathlib import Path

from florist.client.client import FloraClient
from florist.commands.archive_option import DEFAULT_ARCHIVE, Archive
from florist.commands.terminal import PATIENCE, remark, say
from florist.errors import ConfigurationError
from florist.serving.app import create_app
from florist.serving.origins import Origins, is_loopback
from florist.serving.server import listening_socket, server_of
from florist.serving.tokens import YOU, Tokens, new_token, tokens_in
from florist.settings import FloraSettings
from florist.stores.locations import store_at

PORT = 8788


def serve(
    *,
    archive: Archive = DEFAULT_ARCHIVE,
    host: str = "127.0.0.1",
    port: int = PORT,
    token_file: Path | None = None,
    quiet: bool = False,
) -> None:
    """Show an archive's campaigns to people: contact sheets, picks, uploads. Pays for nothing.

    With FLORA_API_KEY it tells in a sheet what another take costs, and takes the order, which
    florist continue makes and pays for.

    Args:
        host: where it listens; one that other machines can reach needs --token-file.
        port: 0 takes a free one.
        token_file: a line `name token` for each reviewer; without it, there is one token, in the address that is
            printed.
        quiet: say nothing of requests.
    """
    if token_file is None and not is_loopback(host):
        raise ConfigurationError(
            f"{host} can be reached from other machines: give each reviewer a token of their own (--token-file), "
            "and put a proxy with TLS before it"
        )
    settings = FloraSettings()
    public_url = settings.gallery_url
    store = store_at(archive)
    given = tokens_in(token_file) if token_file else {YOU: new_token()}
    listener = listening_socket(host, port)
    port = listener.getsockname()[1]
    _log_requests(quiet=quiet)
    app = create_app(
        store,
        Tokens(given),
        Origins.of(host, port, public_url=public_url),
        open_flora=(lambda: FloraClient(total_timeout=PATIENCE)) if settings.api_key else None,
    )
    base = public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if token_file is None:
        say(f"{base}/?token={given[YOU].get_secret_value()}")
    else:
        say(f"{base}/?token=… for {', '.join(given)}")
    remark(f"serves {store.location}; stop it with Ctrl-C")
    asyncio.run(server_of(app).serve(sockets=[listener]))


def _log_requests(*, quiet: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log = logging.getLogger("florist.serving")
    log.addHandler(handler)
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    log.propagate = False
    errors = logging.getLogger("uvicorn.error")
    errors.addHandler(handler)
    errors.setLevel(logging.WARNING)
    errors.propagate = False
