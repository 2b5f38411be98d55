"""Serving a sandbox: on a socket of its own, in the foreground or in a thread of a test."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Self, TypeVar

import uvicorn

from flora_sandbox.app import create_app
from flora_sandbox.books import Books, report
from flora_sandbox.catalogue import TECHNIQUES, WORKSPACES
from flora_sandbox.clock import Clock
from flora_sandbox.faults import SCENARIOS, Fault
from flora_sandbox.filling import fill_history
from flora_sandbox.flora import Flora
from flora_sandbox.money import micros
from flora_sandbox.settings import Settings
from flora_sandbox.views import API_PATH

HOST = "127.0.0.1"
START_TIMEOUT = 10.0
STOP_TIMEOUT = 15.0
EXIT_LOOK = 0.01
API_KEY = "sk_test_sandbox"
Result = TypeVar("Result")


def bound_socket(port: int) -> socket.socket:
    """Return a listening socket; its port is known before the server runs.

    Raises:
        OSError: the port is taken.
    """
    # With the protocol left out, asyncio leaves Nagle's algorithm on: 40 ms for each answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(256)
    return listener


class PromptServer(uvicorn.Server):
    """Ends as soon as it is told to.

    uvicorn itself looks every 0.1 s: much where each test has a fresh sandbox.
    """

    async def main_loop(self) -> None:
        """Serve until told to exit."""
        await self.on_tick(0)
        while not self.should_exit:  # noqa: ASYNC110 - a plain flag, which signals and other threads set
            await asyncio.sleep(EXIT_LOOK)


def server_for(flora: Flora, listener: socket.socket) -> uvicorn.Server:
    """Return a server that will serve this sandbox on that socket."""
    flora.address = f"http://{HOST}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(flora),
        http=flora.connections.protocol(),
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        # The date is the sandbox's own.
        date_header=False,
        timeout_graceful_shutdown=2,
    )
    return PromptServer(config)


class SandboxServer:
    """A sandbox in a thread of this process, on a real socket. Leaving it keeps its data directory.

    It may be started again after `stop`, on the same port: a restart, as its clients see it.
    """

    api_key = API_KEY
    workspace_id = WORKSPACES[0].workspace_id

    def __init__(self, data_dir: Path, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self.data_dir = Path(data_dir)
        self.settings = settings or Settings()
        self._given_clock = clock
        self._port = self.settings.port
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flora: Flora | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root of the server."""
        return f"http://{HOST}:{self._port}"

    @property
    def base_url(self) -> str:
        """What a client of FLORA is given."""
        return f"{self.url}{API_PATH}"

    @property
    def admin_url(self) -> str:
        """The root of the routes that FLORA does not have."""
        return f"{self.url}/_sandbox"

    @property
    def clock(self) -> Clock:
        """The sandbox's time; `clock.advance(seconds)` moves it."""
        return self._running().clock

    def start(self) -> None:
        """Serve; returns once requests are answered."""
        listener = bound_socket(self._port)
        self._port = listener.getsockname()[1]
        self._flora = Flora(self.data_dir, self.settings, self._given_clock)
        self._server = server_for(self._flora, listener)
        self._thread = threading.Thread(target=self._serve, args=(self._server, listener), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the sandbox did not start; its log says why")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving. What was unfinished goes on with the next `start`."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT)
        self._server = self._thread = self._flora = None

    def books(self) -> Books:
        """Return the books, up to this moment."""
        flora = self._running()
        loop = self._loop
        if loop is None:
            raise RuntimeError("the sandbox is not running")
        asyncio.run_coroutine_threadsafe(flora.runs.settle_due(), loop).result()
        return report(self.data_dir)

    def set_faults(self, *faults: Fault | str) -> None:
        """Put faults in force instead of those before: as they are, by name, or a scenario's."""
        meant: list[Fault] = []
        for fault in faults:
            if isinstance(fault, Fault):
                meant.append(fault)
            else:
                meant += SCENARIOS.get(fault) or (Fault.model_validate({"name": fault}),)
        self._in_server(lambda flora: flora.rules.replace(meant))

    def set_balance(self, balance_usd: Decimal | float, workspace_id: str | None = None) -> None:
        """Say what a workspace has left."""
        amount = micros(Decimal(str(balance_usd)))
        self._in_server(lambda flora: flora.purse.set_balance(workspace_id or self.workspace_id, amount))

    def add_history(self, count: int, *, api_key: str = API_KEY, technique_id: str | None = None) -> None:
        """Add finished runs to a key's history."""
        subject = technique_id or TECHNIQUES[0].technique_id
        self._in_server(lambda flora: fill_history(flora, api_key, count, subject))

    def webhooks(self) -> list[dict[str, object]]:
        """Return every webhook delivery with its attempts."""
        return self._in_server(lambda flora: flora.webhooks.listed())

    def _serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            with listener:
                await server.serve(sockets=[listener])

        asyncio.run(serve())

    def _running(self) -> Flora:
        if self._flora is None:
            raise RuntimeError("the sandbox is not running")
        return self._flora

    def _in_server(self, act: Callable[[Flora], Result]) -> Result:
        """Do something in the thread that owns the sandbox."""
        flora = self._running()

        async def acting() -> Result:
            return act(flora)

        if self._loop is None:
            raise RuntimeError("the sandbox is not running")
        return asyncio.run_coroutine_threadsafe(acting(), self._loop).result()
