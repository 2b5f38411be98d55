"""What is peculiar to S3: lost answers, stores that do not do as asked, options, and messages."""

import dataclasses
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from pydantic import SecretStr

from florist.errors import ConfigurationError
from florist.stores import s3_check
from florist.stores.errors import (
    IntegrityError,
    KeyTakenError,
    StoreDeniedError,
    StoreMissingError,
    StoreUnavailableError,
    StoreUnsafeError,
)
from florist.stores.s3 import S3Store
from florist.stores.s3_access import Access
from florist.stores.s3_options import ObjectOptions
from florist.stores.s3_upload import WRITE_ID, MultipartUpload
from tests.s3_servers.servers import SECRET_KEY, S3Server

READ_BACK = ["PutObject", "HeadObject", "GetObject"]

BIG = b"0123456789abcdef" * 700_000
"""Three parts of 5 MiB."""


async def chunks_of(data: bytes, size: int = 1_000_000):
    for at in range(0, len(data), size):
        yield data[at : at + size]


def trust(store: S3Store, integrity="checksum", completion="conditional") -> None:
    """Plant a verdict, as if the store had been checked: a real check has tests of its own."""
    identity = (store.location, store.access.endpoint_url, store.options.checksum, store._checker._credentials)
    verdict = s3_check.UNCHECKED.model_copy(update={"integrity": integrity, "completion": completion})
    s3_check._known[identity] = verdict, datetime.now(UTC)


async def write(store: S3Store, data: bytes, key: str = "a.mp4", media_type: str = "video/mp4"):
    return await store.write(key, chunks_of(data), media_type=media_type)


def events_of(store: S3Store):
    return store._calls._made_client().meta.events


def lose_answers(store: S3Store, operation: str, *, times: int) -> list[str]:
    """Let requests through to the server, and their answers be lost on the way back."""
    lost = []

    def lose(request, **_):
        if len(lost) < times:
            lost.append(request.url)
            URLLib3Session(verify=store._calls._access.ca_bundle or True).send(request)
            raise ConnectionClosedError(endpoint_url="here")

    events_of(store).register(f"before-send.s3.{operation}", lose)
    return lost


def drop_arguments(store: S3Store, operation: str, *names: str) -> None:
    """Make the server one that does not know these arguments."""

    def drop(params, **_):
        for name in names:
            params.pop(name, None)

    events_of(store).register(f"provide-client-params.s3.{operation}", drop)


def unfinished_uploads(server: S3Server) -> list[str]:
    with closing(server.client()) as s3:
        return [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=server.bucket).get("Uploads", [])]


def requests_of(store: S3Store) -> list[str]:
    """Collect the operations asked of the server from now on."""
    asked: list[str] = []

    def note(model, **_):
        asked.append(model.name)

    events_of(store).register("before-call.s3", note)
    return asked


async def test_s3_write_to_a_store_that_proved_itself_is_one_request(s3_store, request):
    await s3_store.check()
    asked = requests_of(s3_store)
    written = await write(s3_store, b"small", media_type="text/plain")
    is_believed = "moto" not in request.node.name  # which takes a wrong checksum, and repeats it
    assert asked == (["PutObject"] if is_believed else READ_BACK)
    told = await s3_store.head("a.mp4")
    assert (written.sha256, written.size_bytes, written.media_type, written.metadata) == (
        told.sha256,
        told.size_bytes,
        told.media_type,
        told.metadata,
    )


async def test_s3_write_before_any_check_is_read_back(s3_store):
    await s3_store.head("a.mp4")
    asked = requests_of(s3_store)
    await write(s3_store, b"small")
    assert asked == READ_BACK


async def test_s3_answer_without_the_checksum_makes_even_a_proven_store_be_read_back(s3_store):
    trust(s3_store)

    def forget(parsed, **_):
        parsed.pop("ChecksumCRC32", None)

    events_of(s3_store).register("after-call.s3.PutObject", forget)
    asked = requests_of(s3_store)
    await write(s3_store, b"small")
    assert asked[:2] == ["PutObject", "HeadObject"]


async def test_s3_lost_answer_of_a_proven_store_is_compared(s3_store):
    trust(s3_store)
    lost = lose_answers(s3_store, "PutObject", times=1)
    asked = requests_of(s3_store)
    assert (await write(s3_store, b"small")).size_bytes == 5
    assert (len(lost), "HeadObject" in asked) == (1, True)


async def test_s3_damage_on_the_way_to_a_proven_store_is_refused_by_it(seaweedfs_https):
    store = seaweedfs_https.store()
    trust(store)

    def damage(params, **_):
        params["Body"] = b"smalX"

    events_of(store).register("provide-client-params.s3.PutObject", damage)
    with pytest.raises(IntegrityError, match="BadDigest"):
        await write(store, b"small")
    assert await store.head("a.mp4") is None


@pytest.mark.parametrize("operation", ["PutObject", "HeadObject"])
async def test_s3_write_whose_answer_is_lost_is_believed_when_compared(s3_store, operation):
    lost = lose_answers(s3_store, operation, times=1)
    assert (await write(s3_store, b"small")).size_bytes == 5
    assert len(lost) == 1


async def test_s3_create_whose_answer_is_lost_is_ours(s3_store):
    lose_answers(s3_store, "PutObject", times=1)
    assert await s3_store.create("a.json", b"{}") is True


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload", "CreateMultipartUpload"])
async def test_s3_upload_with_a_lost_answer_ends_whole(s3_store, operation):
    lost = lose_answers(s3_store, operation, times=1)
    assert (await write(s3_store, BIG)).size_bytes == len(BIG)
    assert len(lost) == 1


async def test_s3_upload_whose_end_is_never_answered_is_recognised_as_ours(s3_store):
    lose_answers(s3_store, "CompleteMultipartUpload", times=99)
    assert (await write(s3_store, BIG)).size_bytes == len(BIG)


async def test_s3_upload_whose_end_never_arrives_is_aborted(s3_store, s3_server):
    def break_off(**_):
        raise ConnectionClosedError(endpoint_url="here")

    events_of(s3_store).register("before-send.s3.CompleteMultipartUpload", break_off)
    with pytest.raises(StoreUnavailableError, match="lost the upload"):
        await write(s3_store, BIG)
    assert [key for key in unfinished_uploads(s3_server) if key.startswith(s3_store.prefix)] == []


async def test_s3_upload_of_a_key_that_is_taken_meanwhile_changes_nothing(s3_store, s3_server):
    async def taken_meanwhile():
        async for chunk in chunks_of(BIG):
            yield chunk
        with closing(s3_server.client()) as s3:
            s3.put_object(Bucket=s3_store.bucket, Key=f"{s3_store.prefix}/a.mp4", Body=b"first")

    with pytest.raises(KeyTakenError):
        await s3_store.write("a.mp4", taken_meanwhile(), media_type="video/mp4")
    assert await s3_store.read("a.mp4") == b"first"


async def test_s3_check_of_a_store_that_ignores_the_condition_is_refused(s3_store):
    drop_arguments(s3_store, "PutObject", "IfNoneMatch")
    with pytest.raises(StoreUnsafeError, match="paying twice"):
        await s3_store.check()


@pytest.mark.parametrize("data", [b"small", BIG])
async def test_s3_store_that_drops_metadata_is_read_back_whole(s3_store, data):
    drop_arguments(s3_store, "PutObject", "Metadata")
    drop_arguments(s3_store, "CreateMultipartUpload", "Metadata")
    assert (await write(s3_store, data)).size_bytes == len(data)


@pytest.mark.parametrize("body", [b"shorter", b"0123456789abcdeX"])
async def test_s3_store_that_keeps_other_bytes_is_found_out(s3_store, body):
    def damage(params, **_):
        params["Body"] = body
        params.pop("ChecksumCRC32")

    events_of(s3_store).register("provide-client-params.s3.PutObject", damage)
    with pytest.raises(IntegrityError, match="has not kept"):
        await write(s3_store, b"0123456789abcdef")


async def test_s3_part_damaged_on_the_way_is_refused_by_the_server(s3_store, request):
    if "moto" in request.node.name:
        pytest.skip("moto does not look at checksums")

    def damage(params, **_):
        params["Body"] = params["Body"][:-1] + b"X"

    events_of(s3_store).register("provide-client-params.s3.UploadPart", damage)
    with pytest.raises(IntegrityError):
        await write(s3_store, BIG)


@pytest.mark.parametrize("checksum", ["crc32", "sha256", "none"])
@pytest.mark.parametrize("data", [b"small", BIG])
async def test_s3_checksum_modes_all_end_whole(s3_server, checksum, data):
    store = s3_server.store(part_bytes=5 * 1024 * 1024, options=ObjectOptions(checksum=checksum))
    assert (await write(store, data)).size_bytes == len(data)


async def test_s3_older_checksum_behaviour_ends_whole(s3_server):
    access = dataclasses.replace(s3_server.access, request_checksum_calculation="when_required")
    store = S3Store(s3_server.bucket, "older", access=access, options=ObjectOptions(checksum="none"))
    assert await store.create("a.json", b"{}") is True


@pytest.mark.parametrize(
    ("name", "media_type", "content_type", "disposition"),
    [
        ("a.svg", "image/svg+xml", "image/svg+xml", "attachment"),
        ("a.txt", "text/plain", "text/plain; charset=utf-8", None),
        ("a.png", "image/png", "image/png", None),
        ("a.bin", "application/octet-stream", "application/octet-stream", "attachment"),
        ("a.zip", "application/zip", "application/zip", "attachment"),
    ],
)
async def test_s3_objects_are_offered_as_what_they_are_and_active_ones_not_inline(
    s3_store, s3_server, name, media_type, content_type, disposition
):
    await write(s3_store, b"x", key=name, media_type=media_type)
    with closing(s3_server.client()) as s3:
        told = s3.head_object(Bucket=s3_store.bucket, Key=f"{s3_store.prefix}/{name}")
    assert (told["ContentType"], told.get("ContentDisposition")) == (content_type, disposition)


@pytest.mark.parametrize("data", [b"small", BIG])
async def test_s3_options_reach_the_store(moto, data):
    options = ObjectOptions(storage_class="STANDARD_IA", encryption="AES256", tags={"made by": "florist"})
    store = moto.store(options=options, part_bytes=5 * 1024 * 1024)
    await write(store, data)
    where = {"Bucket": store.bucket, "Key": f"{store.prefix}/a.mp4"}
    with closing(moto.client()) as s3:
        told, tags = s3.head_object(**where), s3.get_object_tagging(**where)["TagSet"]
    assert (told["StorageClass"], told["ServerSideEncryption"]) == ("STANDARD_IA", "AES256")
    assert tags == [{"Key": "made by", "Value": "florist"}]


@pytest.mark.parametrize("data", [b"small", BIG])
async def test_s3_kms_key_reaches_the_store(moto, data):
    options = ObjectOptions(encryption="aws:kms", kms_key_id="arn:aws:kms:us-east-1:123456789012:key/k1")
    store = moto.store(options=options, part_bytes=5 * 1024 * 1024)
    await write(store, data)
    with closing(moto.client()) as s3:
        told = s3.head_object(Bucket=store.bucket, Key=f"{store.prefix}/a.mp4")
    assert (told["ServerSideEncryption"], told["SSEKMSKeyId"]) == ("aws:kms", options.kms_key_id)


async def test_s3_storage_class_is_not_that_of_manifests_and_ledger(moto):
    store = moto.store(options=ObjectOptions(storage_class="STANDARD_IA", tags={"by": "florist"}))
    await store.create("a.json", b"{}")
    where = {"Bucket": store.bucket, "Key": f"{store.prefix}/a.json"}
    with closing(moto.client()) as s3:
        told, tags = s3.head_object(**where), s3.get_object_tagging(**where)["TagSet"]
    assert told.get("StorageClass", "STANDARD") == "STANDARD"
    assert tags == [{"Key": "by", "Value": "florist"}]


@pytest.mark.parametrize("data", [b"small", BIG])
async def test_s3_retention_locks_the_object(seaweedfs_http, data):
    bucket = f"locked-{len(data)}"
    options = ObjectOptions(retention_mode="GOVERNANCE", retain_for=timedelta(days=30))
    with closing(seaweedfs_http.client()) as s3:
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        await write(S3Store(bucket, access=seaweedfs_http.access, options=options), data)
        told = s3.head_object(Bucket=bucket, Key="a.mp4")
    assert told["ObjectLockMode"] == "GOVERNANCE"
    assert told["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=29)


async def test_s3_stale_uploads_below_the_prefix_alone_are_dropped(s3_store, s3_server, request):
    if "moto" in request.node.name:
        pytest.skip("to moto, every upload was begun in 2010")
    with closing(s3_server.client()) as s3:
        for key in (f"{s3_store.prefix}/a.mp4", f"elsewhere-{s3_store.prefix}/a.mp4"):
            s3.create_multipart_upload(Bucket=s3_store.bucket, Key=key)
    assert await s3_store.drop_leftovers(older_than=timedelta(hours=1)) == 0
    assert await s3_store.drop_leftovers(older_than=timedelta(seconds=-60)) == 1
    assert await s3_store.drop_leftovers(older_than=timedelta(seconds=-60)) == 0


async def test_s3_missing_bucket_is_named_with_the_mend(s3_server):
    with pytest.raises(StoreMissingError, match=r"s3://no-such-bucket-here at http.* create it"):
        await S3Store("no-such-bucket-here", access=s3_server.access).check()


async def test_s3_wrong_secret_is_told_without_showing_it(s3_server, request):
    if "moto" in request.node.name:
        pytest.skip("moto does not look at signatures")
    access = dataclasses.replace(s3_server.access, secret_access_key=SecretStr("wrong-secret-of-mine"))
    with pytest.raises(StoreDeniedError, match="check the access key") as denied:
        await S3Store(s3_server.bucket, access=access).check()
    assert "wrong-secret-of-mine" not in str(denied.value) + repr(denied.value.__dict__)


async def test_s3_endpoint_that_is_not_there_is_told_as_unavailable():
    access = Access("http://127.0.0.1:9", access_key_id="a", secret_access_key=SecretStr("b"), attempts=1)
    with pytest.raises(StoreUnavailableError, match=r"s3://b at http://127\.0\.0\.1:9 does not answer"):
        await S3Store("b", access=access).check()


async def test_s3_without_credentials_says_which_to_give(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreDeniedError, match="no usable credentials"):
        await S3Store("b", access=Access("http://127.0.0.1:9")).check()


async def test_s3_certificate_that_is_not_trusted_is_told(seaweedfs_https):
    access = dataclasses.replace(seaweedfs_https.access, ca_bundle=None, attempts=1)
    with pytest.raises(StoreUnavailableError, match="ca_bundle"):
        await S3Store(seaweedfs_https.bucket, access=access).check()


def test_s3_access_shows_no_secret_in_its_repr(s3_server):
    assert SECRET_KEY not in repr(s3_server.access)


@pytest.mark.parametrize(
    "settings",
    [
        {"endpoint_url": "localhost:9000"},
        {"endpoint_url": "https://key:secret@s3.test"},
        {"access_key_id": "half"},
        {"ca_bundle": "/no/such/file"},
    ],
)
def test_s3_access_that_cannot_work_is_refused_at_once(settings):
    with pytest.raises(ConfigurationError):
        Access(**settings)


@pytest.mark.parametrize("settings", [{"retention_mode": "GOVERNANCE"}, {"kms_key_id": "k"}])
def test_s3_options_that_contradict_each_other_are_refused_at_once(settings):
    with pytest.raises(ConfigurationError):
        ObjectOptions(**settings)


async def test_s3_upload_that_another_one_replaced_though_both_were_told_of_success_is_taken(moto, monkeypatch):
    store, send = moto.store(), MultipartUpload.send

    async def sent_and_replaced(self, parts, arguments):
        answer = await send(self, parts, arguments)
        with closing(moto.client()) as s3:
            theirs = {"Bucket": moto.bucket, "Key": f"{store.prefix}/a.mp4", "Metadata": {WRITE_ID: "theirs"}}
            s3.put_object(**theirs, Body=BIG[::-1])
        return answer

    monkeypatch.setattr(MultipartUpload, "send", sent_and_replaced)
    with pytest.raises(KeyTakenError):
        await write(store, BIG)
