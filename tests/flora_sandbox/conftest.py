import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings

NOW = 1_800_000_000.0

Open = Callable[..., SandboxServer]
TEXT_RUN = {"inputs": [{"id": "brief", "type": "text", "value": "Spring flowers"}], "mode": "async"}
PICTURE_RUN = {"inputs": [{"id": "prompt", "type": "text", "value": "a red barn"}], "mode": "async"}


class Caller(httpx.Client):
    """A client of a sandbox, with the calls that many tests make."""

    def __init__(self, sandbox: SandboxServer, key: str) -> None:
        super().__init__(base_url=sandbox.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=20)
        self._sandbox = sandbox

    def text_run(self, key: str | None = None, fault: str = "", **extra: Any) -> httpx.Response:
        """Start a run that is quick to make and costs 0.01."""
        headers = {"X-Sandbox-Fault": fault} if fault else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.post("/techniques/headline-writer/runs", json={**TEXT_RUN, **extra}, headers=headers)

    def ended_text_run(self, fault: str = "", **extra: Any) -> dict[str, Any]:
        """Return such a run after its time."""
        run_id = self.text_run(fault=fault, **extra).json()["run_id"]
        self._sandbox.clock.advance(60)
        return self.finished(run_id)

    def picture(self, fault: str = "") -> dict[str, Any]:
        """Return a completed run that made one picture."""
        headers = {"X-Sandbox-Fault": fault} if fault else {}
        started = self.post("/techniques/key-visual/runs", json=PICTURE_RUN, headers=headers).json()
        self._sandbox.clock.advance(60)
        return self.finished(started["run_id"])

    def finished(self, run_id: str) -> dict[str, Any]:
        """Return a run whose time is up; on a busy machine making it may take more than one look."""
        for _ in range(100):
            run: dict[str, Any] = self.get(f"/runs/{run_id}").json()
            if run["status"] in ("completed", "failed"):
                return run
            time.sleep(0.05)
        raise AssertionError(f"{run_id} was not made")


@pytest.fixture
def open_sandbox(tmp_path: Path) -> Iterator[Open]:
    """Start sandboxes whose time stands still; all end with the test."""
    with ExitStack() as stack:

        def start(data_dir: Path | None = None, **settings: Any) -> SandboxServer:
            wanted = Settings(**{"frozen_at": NOW, **settings})
            return stack.enter_context(SandboxServer(data_dir or tmp_path / "data", wanted))

        yield start


@pytest.fixture
def sandbox(open_sandbox: Open) -> SandboxServer:
    return open_sandbox()


@pytest.fixture(scope="module")
def standing_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """One for a whole module, where a test does not mind what the others leave behind."""
    with SandboxServer(tmp_path_factory.mktemp("standing"), Settings(frozen_at=NOW)) as sandbox:
        yield sandbox


@pytest.fixture
def connect() -> Iterator[Callable[..., Caller]]:
    """Make clients of a sandbox; all are closed with the test."""
    with ExitStack() as stack:

        def client(sandbox: SandboxServer, key: str = SandboxServer.api_key) -> Caller:
            return stack.enter_context(Caller(sandbox, key))

        yield client


@pytest.fixture
def flora(sandbox: SandboxServer, connect: Callable[..., Caller]) -> Caller:
    return connect(sandbox)


@pytest.fixture
def fetch() -> Callable[..., httpx.Response]:
    """GET a signed URL as httpx does, but unlogged: its client would write the signature into the log."""

    def get(url: str, method: str = "GET", **headers: str) -> httpx.Response:
        with httpx.HTTPTransport() as transport:
            request = httpx.Request(
                method, url, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            response = transport.handle_request(request)
            response.read()
            return response

    return get


@pytest.fixture
def download(fetch: Callable[..., httpx.Response]) -> Callable[[str], bytes]:
    """Return the bytes behind a signed URL."""
    return lambda url: fetch(url).content


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Wait, in real time, until something holds; for what the server does by itself."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, "it never came to hold"
            time.sleep(0.02)

    return wait
