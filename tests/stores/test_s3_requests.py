"""What every request to S3 says, which endpoint its errors name, and how long a presigned URL lives."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials, RefreshableCredentials

from florist.stores.errors import StoreError, StoreUnavailableError
from florist.stores.s3 import S3Store
from florist.stores.s3_access import Access
from florist.stores.s3_client import SENT_AT_ONCE
from tests.stores.test_s3 import BIG, events_of, write

KEYS = ("access", "secret", "token")


def lent_seconds(url) -> int:
    return int(parse_qs(urlsplit(url.reveal()).query)["X-Amz-Expires"][0])


def role(*, ends_in: timedelta) -> Credentials:
    def refused() -> dict[str, str]:
        raise AssertionError("not asked for again")

    return RefreshableCredentials(*KEYS, datetime.now(UTC) + ends_in, refused, "test")


@pytest.mark.parametrize(
    ("credentials", "lent"),
    [
        (lambda: Credentials("access", "secret"), 6 * 3600),
        (lambda: role(ends_in=timedelta(minutes=40)), 40 * 60),
        (lambda: role(ends_in=timedelta(hours=12)), 6 * 3600),
        (lambda: Credentials(*KEYS), 3600),
    ],
    ids=["key", "role at its end", "fresh role", "token of unknown end"],
)
async def test_s3_presigned_url_lives_no_longer_than_the_credentials_that_sign_it(credentials, lent):
    store = S3Store("b", access=Access(region="us-east-1", find_credentials=credentials))
    url = await store.presign("a.png", expires_in=timedelta(hours=6))
    assert lent - 10 <= lent_seconds(url) <= lent


def static_store(**fields: object) -> S3Store:
    key = Credentials("access", "secret")
    return S3Store(
        "bucket", "pre fix", access=Access(region="eu-central-1", find_credentials=lambda: key, **fields)
    )


@pytest.mark.parametrize("style", [{}, {"addressing_style": "path"}, {"endpoint_url": "http://127.0.0.1:9"}])
async def test_s3_url_signed_as_of_the_moment_that_botocore_took_is_botocore_s_own(style):
    store = static_store(**style)
    theirs = await store.presign("a/ö b+c.png", expires_in=timedelta(hours=6))
    [moment] = parse_qs(urlsplit(theirs.reveal()).query)["X-Amz-Date"]
    signed_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = await store.presign("a/ö b+c.png", expires_in=timedelta(hours=6), signed_at=signed_at)
    assert ours == theirs


async def test_s3_url_signed_as_of_a_moment_is_the_same_in_another_process():
    signed_at = datetime(2027, 1, 15, 12, tzinfo=UTC)
    one, other = [
        await static_store().presign("a.png", expires_in=timedelta(hours=6), signed_at=signed_at) for _ in "12"
    ]
    assert one == other


async def test_s3_url_signed_with_lent_credentials_cannot_be_made_again():
    access = Access(region="us-east-1", find_credentials=lambda: Credentials(*KEYS))
    store = S3Store("b", access=access)
    assert await store.presign("a.png", expires_in=timedelta(hours=6), signed_at=datetime.now(UTC)) is None


async def test_s3_time_is_that_of_the_last_answer(moto):
    an_hour_slow = datetime.now(UTC) - timedelta(hours=1)
    store = S3Store(moto.bucket, access=moto.access, now=lambda: an_hour_slow)
    await store.head("a.json")
    assert abs(store.server_now() - datetime.now(UTC)) < timedelta(minutes=10)


@pytest.mark.parametrize(
    ("status", "parsed"),
    [
        (501, {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}),
        (200, {"Errors": [{"Key": "a.json", "Code": "InternalError"}]}),
    ],
)
async def test_s3_store_that_does_not_delete_several_at_once_is_asked_for_each(moto, status, parsed):
    store = moto.store()
    await store.create("a.json", b"{}")
    await store.create("b.json", b"{}")
    answer = SimpleNamespace(status_code=status), parsed
    events_of(store).register("before-call.s3.DeleteObjects", lambda **_: answer)
    await store.delete("a.json", "b.json")
    assert [item.key async for item in store.list("")] == []


async def test_s3_every_call_names_the_expected_owner_and_the_payer(moto):
    access = {"expected_bucket_owner": "123456789012", "request_payer": "requester"}
    store = S3Store(
        moto.bucket, "owned", access=Access(**{**fields(moto.access), **access}), part_bytes=5 * 1024 * 1024
    )
    asked: dict[str, tuple[object, object]] = {}

    def note(model, params, **_):
        headers = params["headers"]
        asked[model.name] = headers.get("x-amz-expected-bucket-owner"), headers.get("x-amz-request-payer")

    events_of(store).register("before-call.s3", note)
    await write(store, BIG)
    await store.create("a.json", b"{}")
    await store.delete("a.json")
    await store.drop_leftovers(older_than=timedelta(days=1))
    assert [item.key async for item in store.list("")] == ["a.mp4"]
    without_payer = {"ListMultipartUploads", "CompleteMultipartUpload"}
    assert len(asked) >= 8
    for name, (owner, payer) in asked.items():
        assert owner == "123456789012", name
        assert payer == "requester" or name in without_payer, name


async def test_s3_asks_whether_it_may_send_before_a_large_body_alone(moto):
    store = S3Store(moto.bucket, access=moto.access)
    asked: list[tuple[str, bool]] = []

    def note(model, params, **_):
        if "body" in params and model.name in {"PutObject", "UploadPart"}:
            asked.append((model.name, "Expect" in params["headers"]))

    events_of(store).register_last("before-call.s3", note)
    await store.create("small.json", bytes(SENT_AT_ONCE))
    await store.create("large.json", bytes(SENT_AT_ONCE + 1))
    await write(store, BIG)
    assert asked[:2] == [("PutObject", False), ("PutObject", True)]
    assert asked[2:]
    assert all(operation == "UploadPart" for operation, _ in asked[2:])
    assert all(asks for _, asks in asked[2:])


def fields(access: Access) -> dict[str, object]:
    return {name: getattr(access, name) for name in Access.__dataclass_fields__}


async def test_s3_presigned_url_asks_nothing_of_its_reader(seaweedfs_http):
    access = Access(**{**fields(seaweedfs_http.access), "expected_bucket_owner": "123456789012"})
    url = await S3Store(seaweedfs_http.bucket, access=access).presign("a", expires_in=timedelta(hours=1))
    assert parse_qs(urlsplit(url.reveal()).query)["X-Amz-SignedHeaders"] == ["host"]


async def test_s3_bucket_whose_requesters_pay_lends_no_url():
    store = S3Store("b", access=Access(request_payer="requester"))
    assert await store.presign("a", expires_in=timedelta(hours=1)) is None


async def test_s3_error_names_the_endpoint_of_the_environment_and_no_secret_in_it(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://me:hushhush@127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with pytest.raises(StoreUnavailableError, match=r"s3://b at http://127\.0\.0\.1:9 does not answer") as told:
        await S3Store("b", access=Access(attempts=1, region="us-east-1")).read("a")
    assert "hushhush" not in str(told.value)


async def test_s3_endpoint_of_the_environment_that_is_no_url_is_told(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not a url")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL"):
        await S3Store("b", access=Access(region="us-east-1")).read("a")


async def test_s3_profile_that_is_not_there_is_told_as_no_credentials():
    with pytest.raises(StoreError, match=r"no usable credentials .*ProfileNotFound"):
        await S3Store("b", access=Access(profile="no-such-profile")).read("a")
