"""Bringing back objects of kept runs that have gone missing."""

import pytest

from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.errors import OutputRefusedError
from florist.archive.presence import missing_outputs
from florist.stores.errors import IntegrityError, KeyTakenError
from tests.archive.media_server import status, whole_file
from tests.archive.test_archiver import MP4, NOW, ORIGIN, PNG, archiver, run_with, server, store

__all__ = ["archiver", "server", "store"]


@pytest.fixture
def run(server) -> Run:
    return run_with(
        ("imageUrl", server.serve("/a", whole_file(PNG))), ("videoUrl", server.serve("/v", whole_file(MP4)))
    )


@pytest.fixture
async def kept(run, archiver):
    return await archiver.keep(run, ORIGIN)


def fresh(run: Run):
    async def refresh() -> Run:
        return run

    return refresh


async def test_missing_outputs_are_told_by_run(store, archiver, kept):
    other = await archiver.keep(run_with(("text", "here"), run_id="run_other"), ORIGIN)
    await store.delete(kept.outputs[1].key)
    assert await missing_outputs(store, [kept, other]) == {kept.run_id: (kept.outputs[1],)}


async def test_restore_brings_a_missing_object_back_as_it_was(server, store, archiver, run, kept):
    await store.delete(kept.outputs[1].key)
    await archiver.restore(kept, [kept.outputs[1]], refresh=fresh(run))
    assert await store.read(kept.outputs[1].key) == MP4
    assert (server.count("/a"), server.count("/v")) == (1, 2)


async def test_restore_of_other_bytes_than_were_kept_writes_nothing(server, store, archiver, run, kept):
    await store.delete(kept.outputs[1].key)
    server.serve("/v", whole_file(MP4[:-1] + b"x"))
    with pytest.raises(IntegrityError, match="others now"):
        await archiver.restore(kept, [kept.outputs[1]], refresh=fresh(run))
    assert await store.head(kept.outputs[1].key) is None


async def test_restore_where_flora_refuses_says_so(server, store, archiver, run, kept):
    await store.delete(kept.outputs[1].key)
    server.serve("/v", status(403))
    with pytest.raises(OutputRefusedError):
        await archiver.restore(kept, [kept.outputs[1]], refresh=fresh(run))


async def test_restore_of_an_object_that_is_damaged_overwrites_nothing(store, archiver, run, kept):
    (store.path / kept.outputs[0].key).write_bytes(b"damaged")
    with pytest.raises(KeyTakenError):
        await archiver.restore(kept, [kept.outputs[0]], refresh=fresh(run))
    assert await store.read(kept.outputs[0].key) == b"damaged"


async def test_restore_of_a_short_text_takes_it_from_the_manifest(store):
    manifest = await Archiver(store, fetch=None, now=lambda: NOW).keep(run_with(("text", "Grüße")), ORIGIN)
    await store.delete(manifest.outputs[0].key)
    await Archiver(store, fetch=None).restore(manifest, manifest.outputs, refresh=None)
    assert await store.read(manifest.outputs[0].key) == "Grüße".encode()


async def test_restore_from_a_run_with_fewer_outputs_is_refused(store, archiver, run, kept):
    await store.delete(kept.outputs[1].key)
    with pytest.raises(IntegrityError, match="other outputs"):
        await archiver.restore(kept, [kept.outputs[1]], refresh=fresh(run_with(("text", "x"))))
