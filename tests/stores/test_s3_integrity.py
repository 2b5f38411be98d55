"""Bytes that are damaged on their way: noticed, or never vouched for."""

import hashlib
from contextlib import closing

import pytest

from florist.stores.errors import IntegrityError, KeyTakenError
from florist.stores.s3 import S3Store
from florist.stores.s3_access import Access
from florist.stores.s3_options import ObjectOptions
from florist.stores.s3_proof import integrity_of
from tests.s3_servers.proxy import MARK, proxied
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY
from tests.stores.test_s3 import BIG, drop_arguments, events_of, trust, write

DAMAGEABLE = b"some " + MARK + b" on their way"


@pytest.fixture
def in_environment(monkeypatch):
    """Have boto3 find the endpoint and the keys where it always looks, and nothing in our own settings."""

    def set_up(server) -> Access:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        return Access(addressing_style="path", attempts=1)

    return set_up


async def integrity(store: S3Store, checksum="crc32"):
    keys = (f"{store.prefix}/checks/a", f"{store.prefix}/checks/b")
    return await integrity_of(store._calls, {"Bucket": store.bucket}, checksum, keys=keys)


@pytest.mark.parametrize("name", ["moto", "seaweedfs_http"])
@pytest.mark.parametrize("data", [DAMAGEABLE, BIG + DAMAGEABLE], ids=["one request", "parts"])
@pytest.mark.parametrize("checksum", ["crc32", "none"])
async def test_s3_damage_on_the_way_to_an_endpoint_of_the_environment_is_noticed(
    request, in_environment, name, data, checksum
):
    server = request.getfixturevalue(name)
    with proxied(server) as between:
        options = ObjectOptions(checksum=checksum)
        store = S3Store(server.bucket, f"damaged/{checksum}", access=in_environment(between), options=options)
        with pytest.raises(IntegrityError):
            await write(store, data, key=f"{len(data)}.mp4")
        assert await store.head(f"{len(data)}.mp4") is None


async def test_s3_damage_beyond_tls_to_a_store_that_verifies_nothing_is_read_back_and_removed(moto, tmp_path):
    with proxied(moto, https_in=tmp_path) as between:
        store = between.store()
        with pytest.raises(IntegrityError, match="was removed: write it again"):
            await write(store, DAMAGEABLE)
        assert (await write(store, b"other bytes")).size_bytes == 11


async def test_s3_damaged_record_is_told_and_stays_for_a_person_to_look_at(moto):
    with proxied(moto) as between:
        store = between.store()
        with pytest.raises(IntegrityError, match="look at it"):
            await store.create("ledger/a.json", DAMAGEABLE)
        assert await store.head("ledger/a.json") is not None


async def test_s3_hash_in_the_metadata_of_an_object_that_was_there_proves_nothing(moto):
    """A writer that died before it read back what it had sent."""
    store = moto.store(options=ObjectOptions(checksum="none"))
    trust(store, "signature")
    claimed = {"Metadata": {"sha256": hashlib.sha256(b"small").hexdigest()}}
    with closing(moto.client()) as s3:
        s3.put_object(Bucket=store.bucket, Key=f"{store.prefix}/a.mp4", Body=b"smalX", **claimed)
    with pytest.raises(KeyTakenError):
        await write(store, b"small")


async def test_s3_without_a_checksum_of_ours_boto3_sends_none_of_its_own(moto):
    store, sent = moto.store(options=ObjectOptions(checksum="none")), []
    events_of(store).register("before-send.s3.PutObject", lambda request, **_: sent.extend(request.headers))
    await write(store, b"small")
    assert [name for name in sent if "checksum" in name.lower() or "trailer" in name.lower()] == []


async def test_s3_integrity_of_a_store_is_by_checksum_where_it_verifies_them(s3_store, request):
    is_moto = "moto" in request.node.name
    assert await integrity(s3_store) == ("none" if is_moto else "checksum")


@pytest.mark.parametrize(("verifies", "found"), [(True, "signature"), (False, "none")])
async def test_s3_integrity_without_checksums_rests_on_the_signed_payload_where_that_is_verified(
    seaweedfs_http, verifies, found
):
    """SeaweedFS itself verifies the signature and not the payload's hash within."""
    with proxied(seaweedfs_http, verifies_payloads=verifies) as between:
        store = between.store(options=ObjectOptions(checksum="none"))
        assert await integrity(store, "none") == found


@pytest.mark.parametrize(
    ("operation", "dropped"),
    [("PutObject", "Metadata"), ("PutObject", "ChecksumCRC32"), ("HeadObject", "ChecksumMode")],
)
async def test_s3_store_that_drops_what_proves_it_is_not_believed_by_its_answer(s3_store, operation, dropped):
    drop_arguments(s3_store, operation, dropped)
    assert await integrity(s3_store) != "checksum"


@pytest.mark.parametrize(
    ("name", "is_proven", "is_signed"),
    [("seaweedfs_https", False, True), ("seaweedfs_https", True, False), ("seaweedfs_http", True, True)],
)
async def test_s3_payload_is_signed_unless_tls_guards_it_to_a_store_that_verifies_checksums(
    request, name, is_proven, is_signed
):
    store = request.getfixturevalue(name).store()
    if is_proven:
        trust(store)
        await store._checker.verdict()
    seen = []
    events_of(store).register("before-send.s3.PutObject", lambda request, **_: seen.append(request.headers))
    await write(store, b"small", key="b.mp4")
    assert (seen[0]["X-Amz-Content-SHA256"] != b"UNSIGNED-PAYLOAD") == is_signed


async def test_s3_real_endpoint_is_that_of_the_environment(seaweedfs_http, in_environment):
    store = S3Store(seaweedfs_http.bucket, access=in_environment(seaweedfs_http))
    assert await store._calls.endpoint() == seaweedfs_http.endpoint_url
