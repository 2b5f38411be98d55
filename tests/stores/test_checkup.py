"""What `florist doctor` finds at a bucket: each check seen well, and seen ill."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from florist.checkup.archive import (
    archive_findings,
    bucket_rights,
    lifecycle_finding,
    uploads_finding,
    urls_finding,
)
from florist.checkup.finding import Finding, Status
from florist.stores import s3_check
from florist.stores.s3 import S3Store
from tests.s3_servers.proxy import Refusal, proxied
from tests.stores.test_s3 import drop_arguments, events_of

DENIED = Refusal(403, "AccessDenied")


@pytest.fixture(autouse=True)
def _checked_by_nobody(monkeypatch):
    monkeypatch.setattr(s3_check, "_known", {})


async def found(store: S3Store) -> dict[str, Finding]:
    findings = await archive_findings(store, now=lambda: datetime.now(UTC))
    assert not any("Signature" in str(each) for each in findings)
    return {each.name: each for each in findings}


def deny(store: S3Store, operation: str) -> None:
    """Have one operation asked of a bucket that is somebody else's."""

    def refuse(http_response, parsed, **_):
        http_response.status_code = 403
        parsed["Error"] = {"Code": "AccessDenied", "Message": "no"}

    events_of(store).register(f"after-call.s3.{operation}", refuse)


@pytest.fixture
def rules(moto):
    """Have lifecycle rules on the bucket, as long as the test lasts."""
    with closing(moto.client()) as s3:

        def put(*rules: dict) -> None:
            given = [{"ID": "tidy", "Status": "Enabled", **rule} for rule in rules]
            s3.put_bucket_lifecycle_configuration(Bucket=moto.bucket, LifecycleConfiguration={"Rules": given})

        yield put
        s3.delete_bucket_lifecycle(Bucket=moto.bucket)


async def test_bucket_that_can_do_all_is_well_and_left_as_it_was(seaweedfs_http):
    store = seaweedfs_http.store()
    findings = await found(store)
    assert {name: each.told for name, each in findings.items() if each.status is not Status.OK} == {}
    assert [item.key async for item in store.list("checks/doctor")] == []


async def test_bucket_that_verifies_no_bytes_is_warned_of(moto):
    writes = (await found(moto.store()))["archive writes"]
    assert (writes.status, "everything is read back" in writes.told) == (Status.WARN, True)


async def test_bucket_that_overwrites_fails(moto):
    store = moto.store()
    drop_arguments(store, "PutObject", "IfNoneMatch")
    assert (await found(store))["archive writes"].status is Status.FAIL


async def test_bucket_that_is_missing_fails_alone_and_says_what_to_do(moto):
    findings = await found(S3Store("no-such-bucket-here", access=moto.access))
    assert [(each.status, "create it" in each.told) for each in findings.values()] == [(Status.FAIL, True)]


@pytest.mark.parametrize(
    ("operation", "status"),
    [("PutObject", Status.FAIL), ("AbortMultipartUpload", Status.FAIL), ("DeleteObject", Status.WARN)],
)
async def test_right_that_is_denied_is_named(moto, operation, status):
    store = moto.store()
    deny(store, operation)
    rights = await bucket_rights(store)
    assert (rights.status, f"denies s3:{operation}" in rights.told, "Rights" in rights.mend) == (
        status,
        True,
        True,
    )


async def test_bucket_that_denies_everything_fails_with_what_it_said(moto):
    with proxied(moto, refused=dict.fromkeys(("GET", "PUT", "POST", "HEAD", "DELETE"), DENIED)) as between:
        findings = await found(between.store())
    assert [("check the access key" in each.told, each.status) for each in findings.values()] == [
        (True, Status.FAIL)
    ]


async def test_signed_url_that_opens_nothing_is_warned_of(moto, monkeypatch):
    monkeypatch.setattr(S3Store, "presign", elsewhere)
    assert (await urls_finding(moto.store())).status is Status.WARN


async def elsewhere(self, key, *, expires_in, signed_at=None):
    from florist.secrets import SignedUrl

    return SignedUrl(f"{self.access.endpoint_url}/no-such-bucket-here/{key}?X-Amz-Signature=f00")


async def test_clock_that_the_store_does_not_share_fails(moto):
    findings = await archive_findings(moto.store(), now=lambda: datetime.now(UTC) - timedelta(minutes=20))
    (clock,) = [each for each in findings if each.name == "archive clock"]
    assert (clock.status, "behind" in clock.told) == (Status.FAIL, True)


async def test_unfinished_upload_is_warned_of(moto):
    store = moto.store()
    with closing(moto.client()) as s3:
        s3.create_multipart_upload(Bucket=store.bucket, Key=f"{store.prefix}/a.mp4")
    assert (await uploads_finding(store)).status is Status.WARN
    deny(store, "ListMultipartUploads")
    assert (await uploads_finding(store)).told == "could not be listed"
    assert "s3:ListBucketMultipartUploads" in (await bucket_rights(store)).told


@pytest.mark.parametrize(
    ("rule", "status", "told"),
    [
        ({"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}, Status.FAIL, "removes after 30 days: ledger/"),
        ({"Filter": {"Prefix": "PREFIX/budgets/"}, "Expiration": {"Days": 9}}, Status.FAIL, "9 days: budgets/"),
        ({"Prefix": "PREFIX/ledger/entries", "Expiration": {"Days": 9}}, Status.FAIL, "9 days: ledger/"),
        ({"Filter": {"Prefix": "PREFIX/picks/"}, "Expiration": {"Days": 9}}, Status.FAIL, "9 days: picks/"),
        ({"Filter": {"Prefix": "PREFIX/plans"}, "Expiration": {"Days": 9}}, Status.WARN, "9 days: plans/"),
        (
            {"Filter": {"Prefix": "PREFIX/index"}, "Transitions": [{"Days": 9, "StorageClass": "GLACIER"}]},
            *(Status.FAIL, "moves to GLACIER, unreadable: index/"),
        ),
        ({"Filter": {"Prefix": "PREFIX/ledger"}, "Expiration": {"Days": 9}, "Status": "Disabled"}, Status.OK, ""),
        ({"Filter": {"Prefix": "elsewhere/"}, "Expiration": {"Days": 9}}, Status.OK, ""),
        ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 9}}, Status.OK, ""),
    ],
)  # fmt: skip
async def test_lifecycle_rule_that_takes_records_away_is_told(moto, rules, rule, status, told):
    store = moto.store()
    filled = {name: at(value, store.prefix) for name, value in rule.items()}
    rules(filled)
    lifecycle = await lifecycle_finding(store)
    assert (lifecycle.status, told in lifecycle.told) == (status, True)


def at(value: object, prefix: str) -> object:
    """Put the store's own prefix into a rule."""
    if isinstance(value, dict):
        return {name: at(each, prefix) for name, each in value.items()}
    return value.replace("PREFIX", prefix) if isinstance(value, str) else value


async def test_lifecycle_rules_that_may_not_be_read_are_warned_of(moto):
    store = moto.store()
    deny(store, "GetBucketLifecycleConfiguration")
    lifecycle = await lifecycle_finding(store)
    assert (lifecycle.status, "s3:GetLifecycleConfiguration" in lifecycle.mend) == (Status.WARN, True)
