"""Records in the store may be anything by the time they are read: every error is ours, and none stops a sweep."""

import asyncio
import json
import shutil
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from florist.archive.archiver import Archiver
from florist.archive.verify import Verifier
from florist.errors import FloristError
from florist.stores.folder import FolderStore
from tests.sweep.test_failures import World

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
ODD = JSON | st.sampled_from(
    [10**400, 1e30, -1e30, 99999999999999, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", float("nan"),
     "2027-01-01T00:00:00", "\ud800", "../../x", "a\x00b", "x" * 5000, "1e999999", {"run_id": "run_0"},
     "index/0.json", "https://[::1"]
)  # fmt: skip
RAW = st.sampled_from([b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"null", b"0" * 10_000])


def places(value, path=()):
    """Yield where in a JSON value something else can be put."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in inner:
        yield from places(below, (*path, name))


def damaged(value, path, odd):
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = damaged(value[path[0]], path[1:], odd)
    return copy


@pytest.fixture(scope="module")
def swept_archive(tmp_path_factory):
    """An archive with a record of every kind: two runs kept, one refused twice."""
    path = tmp_path_factory.mktemp("swept")

    async def sweep() -> None:
        world = World(path, 3)
        world.refused = {"run_1"}
        await world.sweep()
        await world.sweep(after=timedelta(days=1))

    asyncio.run(sweep())
    return path


@given(st.data())
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_records_that_are_damaged_end_in_errors_of_ours_and_stop_no_sweep(swept_archive, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("archive")
    shutil.copytree(swept_archive, path, dirs_exist_ok=True)
    files = sorted(path.rglob("*.json"))
    for file in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=2, unique=True)):
        whole = json.loads(file.read_text())
        where = data.draw(st.sampled_from(list(places(whole))))
        odd = data.draw(RAW | ODD)
        file.write_bytes(odd if isinstance(odd, bytes) else json.dumps(damaged(whole, where, odd)).encode())
    asyncio.run(swept_again(path, full=data.draw(st.booleans())))


async def swept_again(path, *, full: bool) -> None:
    world = World(path, 3)
    world.refused = {"run_1"}
    await world.sweep(after=timedelta(days=2), full=full)
    store = FolderStore(world.path)
    await Verifier(store, fetch=True).verify()
    for run in world.runs:
        with suppress(FloristError):
            await Archiver(store, fetch=world.fetch).manifest_of(run.run_id)
