"""Mending what is missing or damaged, whatever happens on the way."""

import pytest

from florist.api.errors import NotFoundError
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.mend import Mender
from florist.archive.verify import Verifier
from florist.stores.errors import StoreDeniedError
from florist.stores.s3 import S3Store
from tests.archive.media_server import whole_file
from tests.archive.test_archiver import MP4, ORIGIN, PNG
from tests.archive.test_restoring import archiver, kept, run, server, store

__all__ = ["archiver", "kept", "run", "server", "store"]


class KilledError(BaseException):
    """The process dies here."""


@pytest.fixture
def read_run(run):
    async def read(manifest):
        return run

    return read


@pytest.fixture
def mender(store, archiver, read_run) -> Mender:
    return Mender(store, archiver, read_run)


async def verified(store, mender: Mender | None = None):
    return await Verifier(store, mend=mender.mend if mender else None).verify()


def harm(store, output, content: bytes | None) -> None:
    path = store.path / output.key
    path.unlink()
    if content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize("content", [None, b"", PNG[:-1], bytes(len(PNG))], ids=["gone", "empty", "cut", "zeros"])
async def test_mend_of_a_harmed_output_puts_it_back_and_leaves_nothing_else(store, mender, kept, content):
    before = {item.key async for item in store.list("")}
    harm(store, kept.outputs[0], content)
    report = await verified(store, mender)
    assert [(finding.key, finding.is_mended) for finding in report.findings] == [(kept.outputs[0].key, True)]
    assert (report.is_whole, (await verified(store)).findings) == (True, ())
    assert await store.read(kept.outputs[0].key) == PNG
    assert {item.key async for item in store.list("")} == before


async def forgotten(manifest):
    raise NotFoundError("FLORA does not know run abc1", status=404)


async def test_mend_of_what_flora_has_forgotten_says_so_and_leaves_the_damaged_bytes(store, archiver, kept):
    harm(store, kept.outputs[0], b"half a picture")
    report = await verified(store, Mender(store, archiver, forgotten))
    assert not report.is_whole
    assert "not mended: FLORA does not know" in report.findings[0].message
    assert await store.read(kept.outputs[0].key) == b"half a picture"


async def test_mend_with_other_bytes_of_floras_changes_nothing(server, store, mender, kept):
    server.serve("/a", whole_file(PNG.replace(b"\x00" * 8, b"\x01" * 8, 1)))
    harm(store, kept.outputs[0], b"half a picture")
    assert not (await verified(store, mender)).is_whole
    assert await store.read(kept.outputs[0].key) == b"half a picture"


async def test_mend_where_nothing_may_be_deleted_keeps_a_copy_and_says_where(store, mender, kept, monkeypatch):
    async def denied(key):
        raise StoreDeniedError("no", location="s3://x")

    harm(store, kept.outputs[0], b"half a picture")
    monkeypatch.setattr(store, "delete", denied)
    [finding] = (await verified(store, mender)).findings
    copy_key = f"mended/{kept.outputs[0].sha256}.png"
    assert (finding.is_mended, copy_key in finding.message) == (False, True)
    assert (await store.read(kept.outputs[0].key), await store.read(copy_key)) == (b"half a picture", PNG)


@pytest.mark.parametrize("call", range(4), ids=["copy", "delete", "replace", "delete copy"])
async def test_mend_killed_at_any_call_of_the_store_is_taken_up(store, archiver, mender, kept, monkeypatch, call):
    harm(store, kept.outputs[1], b"half a film")
    calls = 0

    def mortal(method):
        async def call_or_die(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == call + 1:
                raise KilledError
            return await method(*args, **kwargs)

        return call_or_die

    with monkeypatch.context() as patched:
        for name in ("write", "delete"):
            patched.setattr(store, name, mortal(getattr(store, name)))
        with pytest.raises(KilledError):
            await mender.mend(kept, kept.outputs[1])
    # From the copy on, FLORA is needed no more.
    await verified(store, Mender(store, archiver, forgotten) if call else mender)
    assert await store.read(kept.outputs[1].key) == MP4


async def test_mend_on_every_s3_server_replaces_a_damaged_object(server, s3_store, run, read_run):
    async with Downloader(trusted_hosts=server.trusted) as downloader:
        archiver = Archiver(s3_store, fetch=downloader.fetch)
        kept = await archiver.keep(run, ORIGIN)
        await s3_store.delete(kept.outputs[0].key)
        await s3_store.create(kept.outputs[0].key, b"half a picture")
        mender = Mender(s3_store, archiver, read_run)
        assert await mender.mend(kept, kept.outputs[0]) == "fetched again, and replaced"
    assert await s3_store.read(kept.outputs[0].key) == PNG


async def test_mend_in_a_bucket_with_object_lock_puts_a_whole_version_over_the_damaged_one(
    server, moto, run, read_run
):
    moto.client().create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    store = S3Store("locked", access=moto.access)
    async with Downloader(trusted_hosts=server.trusted) as downloader:
        archiver = Archiver(store, fetch=downloader.fetch)
        kept = await archiver.keep(run, ORIGIN)
        key = kept.outputs[0].key
        moto.client().put_object(Bucket="locked", Key=key, Body=b"half a picture")
        await Mender(store, archiver, read_run).mend(kept, kept.outputs[0])
    assert await store.read(key) == PNG
    versions = moto.client().list_object_versions(Bucket="locked", Prefix=key)["Versions"]
    assert sorted(version["Size"] for version in versions) == sorted([14, len(PNG), len(PNG)])


async def test_verify_of_a_pointer_that_leads_out_of_the_store_is_a_finding(store, kept):
    (store.path / "index/abc1.json").write_text('{"run_id": "run_abc1", "manifest_key": "../../etc/passwd"}')
    [finding] = (await verified(store)).findings
    assert "sweep with --full" in finding.message


async def test_mend_of_an_object_that_is_whole_touches_nothing(server, store, mender, kept, monkeypatch):
    monkeypatch.setattr(store, "delete", None)
    assert "as they were" in await mender.mend(kept, kept.outputs[0])
    assert server.count("/a") == 1
