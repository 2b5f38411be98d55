import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from tests.api.scripted import ManualTime

HASTE = 100.0


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("sandbox"), Settings(duration_scale=0)) as server:
        yield server


@pytest.fixture
def sandbox(served: SandboxServer) -> Iterator[SandboxServer]:
    """A sandbox whose runs end at once; the tests of a module share its books, but no faults."""
    yield served
    served.set_faults()


async def sleep_briefly(seconds: float) -> None:
    await asyncio.sleep(seconds / HASTE)


@pytest.fixture
async def client(sandbox: SandboxServer) -> AsyncIterator[FloraAPI]:
    """A client of the sandbox that waits by a clock of its own, which hurries."""
    async with FloraAPI(
        api_key=sandbox.api_key,
        base_url=sandbox.base_url,
        workspace_id=sandbox.workspace_id,
        total_timeout=120 * HASTE,
        monotonic=lambda: monotonic() * HASTE,
        sleep=sleep_briefly,
    ) as client:
        yield client
