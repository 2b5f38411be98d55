"""Kill -9 at any moment of a sweep, again and again, until one gets through."""

import json
import random
import time
from datetime import timedelta

import pytest

from flora_sandbox.database import open_readonly
from florist.archive.verify import Verifier
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.killed import killed_after, started
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY
from tests.sweep.conftest import Workshop, know

SWEEP_ONE = "tests.drills.sweep.sweep_one"
QUARTERS, KEPT, MISSING = 4, 150, 15
KILLS, ROUNDS = 6, 5
NOT_OLD = timedelta(seconds=-60)


async def history(workshop: Workshop) -> tuple[set[str], set[str]]:
    """A history in which runs that are kept and runs that are not take turns; return the ids of both."""
    missing: list[str] = []
    for _ in range(QUARTERS):
        workshop.sandbox.add_history(KEPT)
        missing += await workshop.pictures(MISSING)
    with open_readonly(workshop.sandbox.data_dir) as connection:
        known = {row["run_id"] for row in connection.execute("SELECT run_id FROM runs")}
    return known - set(missing), set(missing)


async def swept(settings: dict) -> dict:
    process = await started(SWEEP_ONE, settings)
    report, _ = await process.communicate(b"go\n")
    assert process.returncode == 0
    return json.loads(report)


@pytest.mark.drill
@pytest.mark.parametrize("kind", ["folder", "seaweedfs-http"])
async def test_sweep_killed_at_any_moment_is_taken_up_and_keeps_each_run_once(kind, request, tmp_path, workshop):
    server = None if kind == "folder" else request.getfixturevalue("seaweedfs_http")
    access = {"endpoint_url": server.endpoint_url, "access_key_id": ACCESS_KEY} if server else {}
    known, missing = await history(workshop)

    async def archive(name: str) -> tuple[Store, dict]:
        """One that knows what is kept, and what a process needs to sweep into it."""
        store = server.store() if server else FolderStore(tmp_path / name)
        await know(store, known)
        return store, {
            "location": store.location,
            "access": access and {**access, "secret_access_key": SECRET_KEY, "addressing_style": "path"},
            "api_key": workshop.sandbox.api_key,
            "base_url": workshop.sandbox.base_url,
        }

    _, settings = await archive("measured")
    begun = time.monotonic()
    assert (await swept(settings))["kept_now"] == len(missing)
    usual = time.monotonic() - begun

    moments = random.Random(7)
    kept_at_kills = []
    for number in range(ROUNDS):
        store, settings = await archive(f"killed-{number}")
        for _ in range(KILLS):
            await killed_after(SWEEP_ONE, settings, usual * moments.random() / 2)
            kept_at_kills.append(len([item async for item in store.list("index/")]) - len(known))
        report = await swept(settings)
        assert report["kept_before"] + report["kept_now"] == len(known) + len(missing)
        assert (report["failed"], report["lost"]) == (0, 0)
        assert (await swept(settings))["kept_now"] == 0

        verified = await Verifier(store, fetch=True).verify("runs/")
        assert (verified.runs, verified.outputs, verified.findings) == (len(missing), len(missing), ())
        await store.drop_leftovers(older_than=NOT_OLD)
        # Each run has one output, one manifest and one pointer: nothing was kept twice.
        assert len([item async for item in store.list("runs/")]) == 2 * len(missing)
        assert len([item async for item in store.list("index/")]) == len(known) + len(missing)
        assert await store.drop_leftovers(older_than=NOT_OLD) == 0
    under_way = [count for count in kept_at_kills if 0 < count < len(missing)]
    assert len(under_way) >= ROUNDS
