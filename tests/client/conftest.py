import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist import FloraClient

HURRY = 100
PACKSHOT = Path(__file__).parents[2] / "pipelines/samples/packshot.png"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("flora"), Settings(duration_scale=0)) as server:
        yield server


@pytest.fixture
def sandbox(served: SandboxServer) -> Iterator[SandboxServer]:
    """A sandbox whose runs end at once; the tests of a module share its books, but no faults."""
    yield served
    served.set_faults()


@pytest.fixture
async def flora(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FloraClient]:
    """A client that the environment describes, whose time is `HURRY` times as fast."""
    monkeypatch.setenv("FLORA_API_KEY", sandbox.api_key)
    monkeypatch.setenv("FLORA_BASE_URL", sandbox.base_url)
    async with hurried() as client:
        yield client


def hurried() -> FloraClient:
    return FloraClient(
        total_timeout=120.0 * HURRY,
        monotonic=lambda: time.monotonic() * HURRY,
        sleep=lambda seconds: asyncio.sleep(seconds / HURRY),
    )
