"""An archive with a campaign that the sandbox made, and the server of `florist serve` over it on a real socket."""

import asyncio
import hashlib
import logging
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.archive.manifest import ArchivedOutput, Manifest
from florist.campaigns.plan.planning import Wanted
from florist.campaigns.running import Stage, run_campaign
from florist.pipelines import parse_pipeline
from florist.serving.app import create_app
from florist.serving.origins import Origins
from florist.serving.server import listening_socket, server_of
from florist.serving.tokens import Tokens
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from florist.studio.studio import Studio

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
        async with FloraAPI(
            api_key=sandbox.api_key, base_url=sandbox.base_url, workspace_id=sandbox.workspace_id
        ) as client:
            studio = Studio(client, FolderStore(folder / "archive"))
            pipeline = parse_pipeline(STILLS, file=folder / "stills.yaml")
            for name, rows in campaigns.items():
                wanted = Wanted(pipeline, {}, rows, campaign=name)
                await run_campaign(studio, wanted, Stage(logging.getLogger("tests.serving")))
            await studio.aclose()

    with SandboxServer(folder / "flora", Settings(duration_scale=0)) as sandbox:
        # In a thread: where a browser is open, Playwright holds this one's event loop.
        thread = threading.Thread(target=lambda: asyncio.run(make(sandbox)))
        thread.start()
        thread.join()
