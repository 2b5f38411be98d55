"""A sandbox with a long history, of which the archive holds all but a few runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flora_sandbox.database import open_readonly
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.models import InputValue
from florist.archive.keys import index_key
from florist.archive.manifest import ManifestPointer
from florist.archive.side_by_side import side_by_side
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from florist.studio.studio import Studio
from tests.s3_servers.fixtures import moto, seaweedfs_http

__all__ = ["moto", "seaweedfs_http"]

NOW = 1_800_000_000.0
HURRY = 50


@dataclass
class Workshop:
    """A sandbox, a client of it, and an archive."""

    sandbox: SandboxServer
    client: FloraAPI
    store: Store
    studio: Studio

    async def headlines(self, count: int) -> list[str]:
        """Make runs by hand that bring a text; return their ids."""
        brief = InputValue(id="brief", type="text", value="Spring flowers")
        return [await self._made("headline-writer", brief) for _ in range(count)]

    async def pictures(self, count: int) -> list[str]:
        prompt = InputValue(id="prompt", type="text", value="a red barn")
        return [await self._made("key-visual", prompt) for _ in range(count)]

    async def keep_all(self, *, but: list[str]) -> None:
        """Have the archive know every run of history but these, as kept elsewhere."""
        connection = open_readonly(self.sandbox.data_dir)
        known = {row["run_id"] for row in connection.execute("SELECT run_id FROM runs")} - set(but)
        connection.close()
        await know(self.store, known)

    async def keys(self, prefix: str) -> list[str]:
        return sorted([item.key async for item in self.store.list(prefix)])

    def asked(self, route: str) -> int:
        """How often FLORA was asked this."""
        return self.sandbox.books().requests_by_route.get(route, 0)

    async def _made(self, technique: str, *inputs: InputValue) -> str:
        run = await self.client.techniques.runs.create(technique, inputs=inputs)
        while not (await self.client.techniques.runs.retrieve(run.run_id, technique=technique)).is_finished:
            await asyncio.sleep(0.02)
        return run.run_id


async def know(store: Store, run_ids: set[str]) -> None:
    """Have an archive take these runs for kept, where nothing looks at them."""

    async def point(run_id: str) -> None:
        pointer = ManifestPointer(run_id=run_id, manifest_key=f"elsewhere/{run_id}.json").to_json()
        if not isinstance(store, FolderStore):
            await store.create(index_key(run_id), pointer)
            return
        # Thousands of files, and the test is not about whether they survive a power cut.
        (store.path / "index").mkdir(parents=True, exist_ok=True)
        (store.path / index_key(run_id)).write_bytes(pointer)

    await side_by_side(run_ids, point, at_once=16)


Open = Callable[..., SandboxServer]


@pytest.fixture
def open_sandbox(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def start(**settings: Any) -> SandboxServer:
            wanted = Settings(**{"frozen_at": NOW, "duration_scale": 0, **settings})
            return stack.enter_context(SandboxServer(tmp_path / "flora", wanted))

        yield start


@pytest.fixture
def settings() -> dict[str, Any]:
    """What the sandbox is set to; tests override it by parametrization."""
    return {}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The archive; tests override it."""
    return FolderStore(tmp_path / "archive")


@pytest.fixture
async def workshop(open_sandbox: Open, settings: dict[str, Any], store: Store) -> AsyncIterator[Workshop]:
    sandbox = open_sandbox(**settings)
    async with connected(sandbox) as client:
        studio = Studio(client, store)
        studio._downloader._sleep = lambda seconds: asyncio.sleep(0)
        yield Workshop(sandbox, client, store, studio)
        await studio.aclose()


def connected(sandbox: SandboxServer) -> FloraAPI:
    """A client whose time is `HURRY` times as fast."""
    return FloraAPI(
        api_key=sandbox.api_key,
        base_url=sandbox.base_url,
        workspace_id=sandbox.workspace_id,
        total_timeout=120.0 * HURRY,
        monotonic=lambda: time.monotonic() * HURRY,
        sleep=lambda seconds: asyncio.sleep(seconds / HURRY),
    )
