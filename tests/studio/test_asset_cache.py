"""A content is uploaded once, for all steps and processes; what is noted of it may be lost without harm."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from flora_sandbox.server import SandboxServer
from florist.api.assets import AssetStatus
from florist.api.errors import AssetError
from florist.secrets import SignedUrl
from florist.stores.folder import FolderStore
from florist.studio.asset_cache import LONGEST_QUEUE, AssetCache
from tests.studio.conftest import connected


def barn() -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 6), "firebrick").save(file, "PNG")
    return file.getvalue()


CONTENT = hashlib.sha256(barn()).hexdigest()
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)

Opened = Callable[[], AbstractAsyncContextManager[Path]]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """The file whose digest is `CONTENT`."""
    path = tmp_path / "barn.png"
    path.write_bytes(barn())

    @asynccontextmanager
    async def as_it_is() -> AsyncIterator[Path]:
        yield path

    return as_it_is


def uploads_made(sandbox: SandboxServer) -> int:
    return sandbox.books().requests_by_route.get("POST /assets", 0)


async def test_next_process_names_the_asset_of_the_one_before(sandbox, folder, opened):
    found = []
    for _ in range(2):
        async with connected(sandbox) as client:
            found.append(await AssetCache(client, folder).url_of(CONTENT, opened))
    assert (found[0] == found[1], uploads_made(sandbox)) == (True, 1)


async def test_two_processes_that_upload_at_once_name_the_same_asset(sandbox, folder, opened):
    both = asyncio.Barrier(2)

    @asynccontextmanager
    async def opened_together() -> AsyncIterator[Path]:
        async with opened() as path:
            await both.wait()
            yield path

    async with connected(sandbox) as one, connected(sandbox) as other:
        asked = [AssetCache(client, folder).url_of(CONTENT, opened_together) for client in (one, other)]
        first, second = await asyncio.gather(*asked)
    assert (first == second, uploads_made(sandbox)) == (True, 2)


@pytest.mark.parametrize(
    "note",
    [b'{"schema_version": 1, "asset_id": "asset_gone"}', b'{"asset_id": ""}', b"", b"not JSON"],
    ids=["asset gone", "without asset", "empty", "damaged"],
)
async def test_note_that_is_of_no_use_costs_an_upload_and_is_written_anew(sandbox, folder, opened, note, tmp_path):
    async with connected(sandbox) as client:
        await AssetCache(client, folder).url_of(CONTENT, opened)
        (path,) = (tmp_path / "archive" / "assets").glob("*/*.json")
        path.write_bytes(note)
        found = await AssetCache(client, folder).url_of(CONTENT, opened)
        assert await AssetCache(client, folder).url_of(CONTENT, opened) == found
    assert uploads_made(sandbox) == 2


async def test_another_workspace_has_assets_of_its_own(sandbox, folder, opened, tmp_path):
    async with connected(sandbox) as client:
        await AssetCache(client, folder).url_of(CONTENT, opened)
        client.workspace_id = (await client.workspaces.list())[-1].workspace_id
        await AssetCache(client, folder).url_of(CONTENT, opened)
    assert len(list((tmp_path / "archive" / "assets").iterdir())) == uploads_made(sandbox) == 2


async def test_note_holds_no_url(sandbox, folder, opened, tmp_path):
    async with connected(sandbox) as client:
        await AssetCache(client, folder).url_of(CONTENT, opened)
    (path,) = (tmp_path / "archive" / "assets").glob("*/*.json")
    assert "://" not in path.read_text()


class Assets:
    """Takes uploads, the first few of them badly; every URL it tells lasts for `lifetime`."""

    def __init__(self, clock: SimpleNamespace, failures: int = 0) -> None:
        self.clock = clock
        self.failures = failures
        self.status = AssetStatus.READY
        self.lifetime = timedelta(hours=1)
        self.uploads = self.reads = 0

    async def upload(self, path: Path, *, workspace_id: str, sha256: str) -> SimpleNamespace:
        self.uploads += 1
        await asyncio.sleep(0)
        if self.uploads <= self.failures:
            raise AssetError("not today")
        return self.asset()

    async def retrieve(self, asset_id: str) -> SimpleNamespace:
        self.reads += 1
        return self.asset()

    def asset(self) -> SimpleNamespace:
        ends_at = int((self.clock.now + self.lifetime).timestamp())
        url = SignedUrl(f"https://media.flora.ai/a.png?expires={ends_at}")
        return SimpleNamespace(asset_id="asset_1", status=self.status, url=url)


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=NOON)


def uploads_to(assets: Assets, folder: FolderStore) -> AssetCache:
    client = SimpleNamespace(
        workspace_id="ws_1",
        base_url="https://flora.test/api/v1",
        assets=assets,
        server_now=lambda: assets.clock.now,
    )
    return AssetCache(client, folder)


async def test_content_wanted_twice_at_once_is_uploaded_once(clock, folder, opened):
    uploads = uploads_to(assets := Assets(clock), folder)
    first, second = await asyncio.gather(uploads.url_of(CONTENT, opened), uploads.url_of(CONTENT, opened))
    assert (first == second, assets.uploads, assets.reads) == (True, 1, 0)


async def test_upload_that_failed_is_tried_again_by_the_next(clock, folder, opened):
    uploads = uploads_to(assets := Assets(clock, failures=1), folder)
    with pytest.raises(AssetError):
        await uploads.url_of(CONTENT, opened)
    await uploads.url_of(CONTENT, opened)
    assert assets.uploads == 2


async def test_url_that_would_die_in_the_queue_is_asked_for_anew(clock, folder, opened):
    uploads = uploads_to(assets := Assets(clock), folder)
    first = await uploads.url_of(CONTENT, opened)
    clock.now += timedelta(hours=1) - LONGEST_QUEUE
    assert (await uploads.url_of(CONTENT, opened), assets.reads) == (first, 0)
    clock.now += timedelta(seconds=1)
    assert await uploads.url_of(CONTENT, opened) != first
    assert (assets.uploads, assets.reads) == (1, 1)


@pytest.mark.parametrize(
    ("status", "lifetime"),
    [(AssetStatus.FAILED, timedelta(hours=1)), (AssetStatus.READY, LONGEST_QUEUE - timedelta(seconds=1))],
    ids=["not ready", "about to die"],
)
async def test_noted_asset_that_flora_cannot_open_any_more_is_uploaded_anew(
    clock, folder, opened, status, lifetime
):
    assets = Assets(clock)
    await uploads_to(assets, folder).url_of(CONTENT, opened)
    assets.status, assets.lifetime = status, lifetime
    await uploads_to(assets, folder).url_of(CONTENT, opened)
    assert (assets.uploads, assets.reads) == (2, 1)
