"""Kill -9 at any moment of keeping a run, then keep it again."""

import hashlib
import random
import struct
import time
from datetime import timedelta

import pytest

from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.manifest import RunOrigin
from florist.stores.folder import FolderStore
from tests.archive.media_server import media_server, whole_file
from tests.killed import killed_after, started
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY

KEEP_ONE = "tests.drills.archive.keep_one"
MOMENTS = 50
FILM = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 30_000_008, b"moov")
FILM += hashlib.shake_128(b"film").digest(30_000_000)
KEYS = ["index/{}.json", "runs/undated/film/{}-0.mp4", "runs/undated/film/{}.json"]
"""In the order people find them; the second is written first."""


async def seconds_to_keep(settings: dict) -> float:
    process = await started(KEEP_ONE, settings)
    begun = time.monotonic()
    await process.communicate(b"go\n")
    return time.monotonic() - begun


@pytest.mark.drill
@pytest.mark.parametrize("kind", ["folder", "seaweedfs-http"])
async def test_killed_at_any_moment_of_a_transfer_the_run_is_kept_whole_by_the_next(kind, request, tmp_path):
    server = None if kind == "folder" else request.getfixturevalue("seaweedfs_http")
    store = FolderStore(tmp_path / "archive") if server is None else server.store()
    access = {"endpoint_url": server.endpoint_url, "access_key_id": ACCESS_KEY} if server else {}
    moments = random.Random(7)
    found_under_way = set()
    async with media_server() as media, Downloader(trusted_hosts=media.trusted) as downloader:
        url = media.serve("/film", whole_file(FILM, 'ETag: "e"')).reveal()

        def settings(run_id: str) -> dict:
            output = {"output_id": "film", "type": "videoUrl", "url": url}
            return {
                "location": store.location,
                "access": access and {**access, "secret_access_key": SECRET_KEY, "addressing_style": "path"},
                "trusted_hosts": list(media.trusted),
                "run": {"run_id": f"run_{run_id}", "status": "completed", "outputs": [output]},
            }

        usual = await seconds_to_keep(settings("measured"))
        for number in range(MOMENTS):
            run_id = f"killed{number}"
            await killed_after(KEEP_ONE, settings(run_id), usual * moments.random())
            standing = [key for key in (name.format(run_id) for name in KEYS) if await store.head(key)]
            found_under_way.add(len(standing))
            archiver = Archiver(store, fetch=downloader.fetch)
            run = Run.model_validate(settings(run_id)["run"])
            manifest = await archiver.keep(run, RunOrigin(technique_id="t", technique="film"))
            assert manifest.outputs[0].sha256 == hashlib.sha256(FILM).hexdigest()
            assert b"".join([block async for block in store.stream(manifest.outputs[0].key)]) == FILM
    assert await store.drop_leftovers(older_than=timedelta(seconds=-60)) > 0
    assert await store.drop_leftovers(older_than=timedelta(seconds=-60)) == 0
    keys = {found.key async for found in store.list("")}
    run_ids = ["measured", *(f"killed{number}" for number in range(MOMENTS))]
    assert keys == {name.format(run_id) for name in KEYS for run_id in run_ids}
    assert 0 in found_under_way
