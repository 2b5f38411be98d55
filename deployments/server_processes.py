"""Start and end the servers that a demo, a drill or a test needs, each as a process of its own on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PREFECT_SERVER_SETTINGS: Mapping[str, str] = {
    # Nothing leaves this machine.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # Every retry is two events. Recorded one by one they saturate a core at about 45 polls a second on SQLite;
    # in batches it is about four times that, for a second's delay in the UI.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # Leases in the server's memory leak their slots when the server is killed; on disk they survive it.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # A window that closed while the server was down has to fire once it is up: what died meanwhile would stay
    # Running.
    "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "P1D",
}
_START_TIMEOUT = 120.0
_STOP_TIMEOUT = 20.0


class ServerStartError(Exception):
    """A server ended, or said nothing, before it was ready; the message ends with the tail of its log."""


@dataclass(frozen=True)
class PrefectServer:
    """A running Prefect server: where its API and its UI answer, and what a child process needs to use it.

    Attributes:
        process_id: of the server itself, for who has to kill it.
    """

    api_url: str
    ui_url: str
    environment: Mapping[str, str]
    process_id: int


def free_port(wanted: int = 0) -> int:
    """Return a loopback port that was free a moment ago: the wanted one if it was."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server that comes does
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def prefect_server(home: Path, *, port: int | None = None) -> Iterator[PrefectServer]:
    """Run a Prefect server with a home of its own, and end it with the block.

    Args:
        home: its database, profile and log (`server.log`); made if missing.
    """
    port = port or free_port()
    home.mkdir(parents=True, exist_ok=True)
    api_url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        **PREFECT_SERVER_SETTINGS,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api_url,
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        # A missing server must be an error, never a silent database elsewhere.
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with server_process(
        command, log=home / "server.log", environment=environment, is_ready=_answers(f"{api_url}/health")
    ) as process:
        yield PrefectServer(
            api_url=api_url,
            ui_url=f"http://127.0.0.1:{port}",
            environment=environment,
            process_id=process.pid,
        )


@contextmanager
def sandbox_server(data: Path, *, port: int | None = None, options: Sequence[str] = ()) -> Iterator[str]:
    """Run the FLORA sandbox and end it with the block; yields its base URL."""
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True)
    base_url = f"http://127.0.0.1:{port}/api/v1"
    command = [sys.executable, "-m", "flora_sandbox", "--port", str(port), "--data", str(data), *options]
    with server_process(
        command, log=data / "sandbox.log", environment=dict(os.environ), is_ready=_answers(base_url)
    ):
        yield base_url


@contextmanager
def server_process(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], is_ready: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends, its output in `log`; yields once it is ready.

    Raises:
        ServerStartError: it ended or was not ready within two minutes.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=dict(environment), start_new_session=True
        )
    try:
        _wait_until_ready(process, is_ready, log)
        yield process
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not is_ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            what = f"ended with exit code {process.returncode}" if ended else "did not answer in time"
            raise ServerStartError(f"{process.args!r} {what}:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> Callable[[], bool]:
    def is_ready() -> bool:
        try:
            httpx.get(url, timeout=2)
        except httpx.TransportError:
            return False
        return True

    return is_ready
