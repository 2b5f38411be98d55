"""The check of an S3 store: what it probes, refuses, remembers and leaves behind."""

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from florist.stores import s3_check
from florist.stores.errors import (
    IntegrityError,
    KeyTakenError,
    StoreDeniedError,
    StoreError,
    StoreMissingError,
    StoreUnsafeError,
)
from florist.stores.folder import FolderStore
from florist.stores.probe import ROUNDS, probe_keys, race
from florist.stores.s3 import S3Store
from florist.stores.s3_options import ObjectOptions
from tests.ledger.memory_store import MemoryStore
from tests.s3_servers.proxy import Refusal, proxied
from tests.stores.test_s3 import BIG, drop_arguments, events_of, requests_of, trust, write
from tests.stores.test_s3_integrity import DAMAGEABLE

NO_CONDITION = Refusal(501, "NotImplemented", "<Header>If-None-Match</Header>")
DENIED = {"DELETE": Refusal(403, "AccessDenied")}


@pytest.fixture
def other_process(monkeypatch):
    """Forget what this process has come to know."""
    monkeypatch.setattr(s3_check, "_known", {})
    return s3_check._known.clear


RECORD = s3_check.UNCHECKED.model_dump_json().encode()


async def recorded(store: S3Store, content: bytes = RECORD) -> str:
    """Write the record of a check that an earlier process made."""
    key = f"{await store._checker._folder()}000001.json"
    await store.create(key, content)
    return key


def again(store: S3Store, **options) -> S3Store:
    return S3Store(store.bucket, store.prefix, access=store.access, **options)


class MostlyAtomicStore(MemoryStore):
    """Looks whether a key is free, then writes: two writers at once both win, in a share of the rounds."""

    def __init__(self, *, lapses: float, seed: int = 0, only_in: str = "") -> None:
        super().__init__(lambda: datetime.now(UTC))
        self._lapses, self._rng, self._only_in, self._decided = lapses, random.Random(seed), only_in, {}

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        lapses = self._decided.setdefault(
            key, key.endswith(self._only_in) if self._only_in else self._rng.random() < self._lapses
        )
        if lapses:
            self.objects[key] = (data, self.now())
            return True
        return await super().create(key, data)


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_probe_refuses_a_store_that_lets_two_win_in_one_round_alone(number):
    store = MostlyAtomicStore(lapses=0, only_in=f"-{number}.json")
    with pytest.raises(StoreUnsafeError, match="not atomic"):
        await race(store, probe_keys())


async def test_probe_lets_few_stores_pass_that_pass_a_round_in_three():
    """Swift passed one cold round in 13 of 40 tries: five rounds let 0.4 % of such tries pass, not a third."""
    store, passed = MostlyAtomicStore(lapses=1 - 13 / 40), 0
    for _ in range(2000):
        try:
            await race(store, probe_keys())
        except StoreUnsafeError:
            continue
        passed += 1
    assert 0 < passed < 20


@pytest.mark.parametrize("shown", [lambda found: found[1:], lambda found: [*found, found[0]]])
async def test_probe_refuses_a_store_whose_listing_is_not_complete_at_once(shown):
    class Store(MemoryStore):
        async def list(self, prefix: str):
            for found in shown([item async for item in super().list(prefix)]):
                yield found

    with pytest.raises(StoreUnsafeError, match="does not list each new object at once"):
        await race(Store(lambda: datetime.now(UTC)), probe_keys())


async def test_probe_takes_a_store_that_lists_in_any_order():
    class Store(MemoryStore):
        async def list(self, prefix: str):
            for found in reversed([item async for item in super().list(prefix)]):
                yield found

    assert await race(Store(lambda: datetime.now(UTC)), probe_keys()) is False


async def test_s3_check_again_within_a_day_asks_nothing(moto):
    store = moto.store()
    await store.check()
    asked = requests_of(store)
    await store.check()
    assert asked == []


async def test_s3_check_within_a_day_of_another_process_rests_on_its_record(moto):
    store = moto.store()
    await recorded(store)
    asked = requests_of(store)
    await store.check()
    assert asked == ["ListObjectsV2", "GetObject", "PutObject", "HeadObject", "GetObject"]


async def test_s3_check_a_day_later_probes_anew_and_replaces_the_record(moto):
    store = moto.store(now=lambda: datetime.now(UTC) + timedelta(hours=25))
    first = await recorded(store)
    await store.check()
    [second] = [item.key async for item in store.list("checks/")]
    assert second > first


async def test_s3_check_finds_out_that_a_store_no_longer_keeps_its_record(moto):
    store = moto.store()
    await recorded(store)
    drop_arguments(store, "PutObject", "IfNoneMatch")
    with pytest.raises(StoreUnsafeError, match="has overwritten"):
        await store.check()


@pytest.mark.parametrize("forged", [b"not json", b"{}", RECORD.replace(b":1,", b":2,")])
async def test_s3_check_with_a_record_that_cannot_be_read_probes_anew(moto, forged):
    store = moto.store()
    await recorded(store, forged)
    asked = requests_of(store)
    await store.check()
    assert asked.count("PutObject") > ROUNDS


async def test_s3_record_of_one_endpoint_says_nothing_of_another(moto):
    store = moto.store()
    await recorded(store)
    with proxied(moto) as elsewhere:
        second = S3Store(store.bucket, store.prefix, access=elsewhere.access)
        assert await second._checker._recorded() is None
    assert await store._checker._recorded() is not None


async def test_s3_check_whose_record_cannot_be_written_holds_for_this_process(moto, caplog):
    store = moto.store()

    def deny(params, **_):
        if params["Key"].endswith("000001.json"):
            params["Bucket"] = "no-such-bucket-here"

    events_of(store).register("provide-client-params.s3.PutObject", deny)
    await store.check()
    assert "could not be noted" in caplog.text
    asked = requests_of(store)
    await store.check()
    assert asked == []


async def test_s3_check_of_a_bucket_that_denies_deleting_passes_and_heaps_nothing_up(moto, other_process):
    with proxied(moto, refused=DENIED) as between:
        store = between.store()
        await store.check()
        after_one = [item.key async for item in store.list("")]
        for days in (0, 9):
            other_process()
            await again(store, now=lambda days=days: datetime.now(UTC) + timedelta(days=days)).check()
        assert [item.key async for item in store.list("")] == after_one
        assert all(key.startswith("checks/") for key in after_one)


async def test_s3_check_of_a_bucket_with_versions_and_locks_leaves_none_behind_each_time(
    seaweedfs_http, other_process
):
    with closing(seaweedfs_http.client()) as s3:
        s3.create_bucket(Bucket="checked-locked", ObjectLockEnabledForBucket=True)
        versions = []
        for days in (0, 0, 2):
            store = S3Store(
                "checked-locked",
                access=seaweedfs_http.access,
                options=ObjectOptions(retention_mode="GOVERNANCE", retain_for=timedelta(days=30)),
                now=lambda days=days: datetime.now(UTC) + timedelta(days=days),
            )
            await store.check()
            found = s3.list_object_versions(Bucket="checked-locked")["Versions"]
            versions.append(len(found))
            [record] = [item.key async for item in store.list("checks/")]
            assert "ObjectLockMode" not in s3.head_object(Bucket="checked-locked", Key=record)
            other_process()
    assert versions[0] == versions[1] == versions[2]


async def test_s3_leftovers_that_may_not_be_removed_are_left_with_a_warning(moto, caplog):
    with proxied(moto, refused=DENIED) as between, closing(moto.client()) as s3:
        store = between.store()
        s3.create_multipart_upload(Bucket=store.bucket, Key=f"{store.prefix}/a.mp4")
        assert await store.drop_leftovers(older_than=timedelta(days=1)) == 0
    assert "unfinished uploads stay" in caplog.text


async def test_s3_damaged_output_that_may_not_be_removed_is_told_as_such(moto):
    said = "remove it, then write it again"
    with proxied(moto, refused=DENIED) as between, pytest.raises(IntegrityError, match=said):
        await write(between.store(), DAMAGEABLE)


async def test_s3_check_of_a_store_whose_complete_ignores_the_condition_passes_and_says_so(moto, caplog):
    store = moto.store()
    drop_arguments(store, "CompleteMultipartUpload", "IfNoneMatch")
    await store.check()
    assert (await store._checker.verdict()).completion == "ignores-condition"
    assert "does not enforce If-None-Match at the end" in caplog.text


async def test_s3_check_of_a_store_whose_complete_refuses_the_condition_passes_and_does_without(moto):
    with proxied(moto, refused={"POST If-None-Match": NO_CONDITION}) as between:
        store = between.store(part_bytes=5 * 1024 * 1024)
        await store.check()
        assert (await store._checker.verdict()).completion == "refuses-condition"
        assert (await write(store, BIG)).size_bytes == len(BIG)


@pytest.mark.parametrize("completion", ["ignores-condition", "refuses-condition"])
async def test_s3_upload_where_complete_has_no_condition_looks_once_more_before_its_end(moto, completion):
    store = moto.store(part_bytes=5 * 1024 * 1024)
    trust(store, completion=completion)
    drop_arguments(store, "CompleteMultipartUpload", "IfNoneMatch")

    async def taken_meanwhile():
        yield BIG
        with closing(moto.client()) as s3:
            s3.put_object(Bucket=store.bucket, Key=f"{store.prefix}/a.mp4", Body=b"first")

    with pytest.raises(KeyTakenError):
        await store.write("a.mp4", taken_meanwhile(), media_type="video/mp4")
    assert await store.read("a.mp4") == b"first"


async def test_folder_check_leaves_no_file_and_runs_without_the_right_to_delete(tmp_path, monkeypatch):
    store = FolderStore(tmp_path)

    async def denied(key: str) -> None:
        raise StoreDeniedError("may not", location=store.location)

    monkeypatch.setattr(store, "delete", denied)
    await store.check()


@pytest.mark.parametrize(
    ("refusal", "checksum", "error", "said"),
    [
        (NO_CONDITION, "crc32", StoreUnsafeError, "conditional write"),
        (Refusal(501, "NotImplemented"), "none", StoreUnsafeError, "conditional write"),
        (Refusal(501, "NotImplemented"), "crc32", StoreError, r"\?checksum=none"),
        (Refusal(404, "NoSuchBucket"), "crc32", StoreMissingError, "create it"),
    ],
)
async def test_s3_put_that_is_refused_tells_what_to_do(moto, refusal, checksum, error, said):
    with proxied(moto, refused={"PUT": refusal}) as between:
        store = between.store(options=ObjectOptions(checksum=checksum))
        with pytest.raises(error, match=said) as refused:
            await store.create("a.json", b"{}")
    assert between.endpoint_url in str(refused.value)


async def test_s3_object_in_a_glacier_is_told_to_be_restored_not_as_denied(moto):
    asleep = {"GET": Refusal(403, "InvalidObjectState")}
    with proxied(moto, refused=asleep) as between, pytest.raises(StoreError, match="restore it there") as told:
        await between.store().read("a.mp4")
    assert not isinstance(told.value, StoreDeniedError)
