"""An archive with a campaign that the sandbox made, and the server of `florist serve` over it on a real socket."""

import asyncio
import hashlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.campaigns.endings import CampaignResult
from florist.campaigns.plan.again import found_again
from florist.campaigns.plan.planning import Wanted, planned_campaign
from florist.campaigns.plan.records import PlanRecords
from florist.campaigns.running import Stage, run_campaign
from florist.pipelines import load_pipeline, parse_pipeline
from florist.serving.app import create_app
from florist.serving.origins import Origins
from florist.serving.server import listening_socket, server_of
from florist.serving.tokens import Tokens
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from florist.studio.row_locations import rows_of
from florist.studio.studio import Studio
from tests.studio.conftest import connected

T = TypeVar("T")

TOKENS = {"Ada <b>Lovelace</b>": "ada-ada-ada-ada-ada-ada", "Bob": "bob-bob-bob-bob-bob-bob"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
HOSTILE = "<img src=x onerror=alert(1)> spring/№5 \u202eevil"


@dataclass
class Served:
    """A running server, and how it is asked."""

    store: Store
    base_url: str
    by: Mapping[str, httpx.Client] = field(default_factory=dict)

    @property
    def ada(self) -> httpx.Client:
        return self.by["ada"]

    @property
    def bob(self) -> httpx.Client:
        return self.by["bob"]

    @property
    def nobody(self) -> httpx.Client:
        return self.by["nobody"]


@contextmanager
def served(store: Store, **options: Any) -> Iterator[Served]:
    """Serve a store for the block, on a free port of 127.0.0.1, in a thread of its own."""
    listener = listening_socket("127.0.0.1", 0)
    port = listener.getsockname()[1]
    tokens = Tokens({name: SecretStr(token) for name, token in TOKENS.items()})
    server = server_of(create_app(store, tokens, Origins.of("127.0.0.1", port), **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{port}"
    page = {"origin": base, "x-florist-review": "1"}
    ada, bob = TOKENS.values()
    clients = {
        "ada": httpx.Client(base_url=base, headers={**page, "authorization": f"Bearer {ada}"}),
        "bob": httpx.Client(base_url=base, headers={**page, "authorization": f"Bearer {bob}"}),
        "nobody": httpx.Client(base_url=base),
    }
    try:
        yield Served(store, base, clients)
    finally:
        for client in clients.values():
            client.close()
        server.should_exit = True
        thread.join(10)


async def keep_output(store: Store, key: str, data: bytes, media_type: str, **claims: Any) -> ArchivedOutput:
    """Keep an output as the archive does, its manifest beside it; its key is `<folder>/<run>-0.<extension>`."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    await store.write(key, chunks(), media_type=media_type)
    output = ArchivedOutput.model_validate(
        {
            "index": 0,
            "output_id": "image",
            "type": "imageUrl",
            "key": key,
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
            "media_type": media_type,
            **claims,
        }
    )
    folder, _, name = key.rpartition("/")
    run = name.rpartition("-")[0]
    manifest = Manifest(
        run_id=f"run_{run}",
        technique_id="tech_1",
        technique="key-visual",
        archived_at=datetime(2026, 1, 1, tzinfo=UTC),
        outputs=(output,),
    )
    await store.create(f"{folder}/{run}.json", manifest.to_json())
    return output


STILLS = """
name: stills
params:
  scene: {type: text}
steps:
  still:
    technique: key-visual
    inputs: {prompt: "${params.scene}"}
    variations: 2
"""


def make_campaigns(folder: Path, campaigns: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
    """Have the sandbox make campaigns, by their names and rows, in an archive in the folder."""

    async def make(sandbox: SandboxServer) -> None:
        async with connected(sandbox) as client:
            studio = Studio(client, FolderStore(folder / "archive"))
            pipeline = parse_pipeline(STILLS, file=folder / "stills.yaml")
            for name, rows in campaigns.items():
                wanted = Wanted(pipeline, {}, rows, campaign=name)
                await run_campaign(studio, wanted, Stage(logging.getLogger("tests.serving")))
            await studio.aclose()

    with SandboxServer(folder / "flora", Settings(duration_scale=0)) as sandbox:
        _in_own_thread(lambda: make(sandbox))


@dataclass
class Shop:
    """A campaign of a pipeline's and a rows' file, on a sandbox that goes on; whoever runs it pays."""

    folder: Path
    sandbox: SandboxServer

    @property
    def store(self) -> FolderStore:
        return FolderStore(self.folder / "archive")

    @property
    def runs_charged(self) -> int:
        """Counted by the sandbox's own books."""
        return self.sandbox.books().total.charged

    def flora(self) -> FloraAPI:
        return connected(self.sandbox)

    def begin(self) -> None:
        """Run the campaign for the first time."""
        (self.folder / "stills.yaml").write_text(STILLS.replace("variations: 2", ""))
        (self.folder / "rows.csv").write_text("key,scene\nsku-1,a red barn\n")
        _in_own_thread(lambda: self._run(self.folder / "stills.yaml", str(self.folder / "rows.csv")))

    def go_on(self) -> CampaignResult:
        """Run it as `florist continue` does: with what its last plan was made of."""

        async def run() -> CampaignResult:
            found = await found_again(self.store, "spring", params={})
            return await self._run(found.pipeline, found.rows)

        return _in_own_thread(run)

    async def _run(self, pipeline: Path, rows: str) -> CampaignResult:
        async with self.flora() as client, Studio(client, self.store) as studio, rows_of(rows) as own:
            wanted = Wanted(load_pipeline(pipeline), {}, own, rows, campaign="spring")
            plan = (await planned_campaign(client, self.store, wanted)).plan
            await PlanRecords(self.store, "spring").keep(plan, "run")
            return await run_campaign(studio, wanted, Stage(logging.getLogger("tests.serving")))


@contextmanager
def shop_in(folder: Path) -> Iterator[Shop]:
    """Open a shop for the block, its campaign run once."""
    with SandboxServer(folder / "flora", Settings(duration_scale=0)) as sandbox:
        shop = Shop(folder, sandbox)
        shop.begin()
        yield shop


def _in_own_thread(act: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what a coroutine does; where a browser is open, Playwright holds this thread's event loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(act())).result()
