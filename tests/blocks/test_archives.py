import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from prefect_aws import AwsCredentials, MinIOCredentials
from prefect_aws.client_parameters import AwsClientParameters

from blocks import LocalArchive, S3Archive, archive_at
from blocks.s3_archive import renewed
from florist.errors import ConfigurationError
from florist.stores.folder import FolderStore
from florist.stores.locations import store_at
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def own_keys(server):
    return {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


def aws_block(server):
    return {"credentials": AwsCredentials(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY)}


def minio_block(server):
    return {"credentials": MinIOCredentials(minio_root_user=ACCESS_KEY, minio_root_password=SECRET_KEY)}


@pytest.mark.parametrize("credentials", [own_keys, aws_block, minio_block])
async def test_s3_archive_with_every_kind_of_credentials_keeps_an_object(moto, credentials):
    archive = S3Archive(
        bucket=moto.bucket,
        prefix=f"blocks/{credentials.__name__}",
        endpoint_url=moto.endpoint_url,
        addressing_style="path",
        **credentials(moto),
    )
    store = archive.get_store()
    assert await store.create("a.json", b"{}")
    assert await store.read("a.json") == b"{}"


def test_s3_archive_takes_from_a_credentials_block_what_it_leaves_open():
    shared = MinIOCredentials(
        minio_root_user=ACCESS_KEY,
        minio_root_password=SECRET_KEY,
        region_name="eu-west-1",
        aws_client_parameters=AwsClientParameters(endpoint_url="http://127.0.0.1:9000"),
    )
    access = S3Archive(bucket="b", credentials=shared)._access()
    assert (access.endpoint_url, access.region) == ("http://127.0.0.1:9000", "eu-west-1")


def test_s3_archive_own_fields_go_before_those_of_a_credentials_block():
    shared = AwsCredentials(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")
    archive = S3Archive(bucket="b", region_name="us-east-2", credentials=shared)
    assert archive._access().region == "us-east-2"


def test_s3_archive_with_the_empty_credentials_that_prefect_s_form_saves_keeps_its_own_key():
    archive = S3Archive(bucket="b", credentials={}, aws_access_key_id="own", aws_secret_access_key="secret")
    access = archive._access()
    assert (access.access_key_id, access.secret_access_key.get_secret_value()) == ("own", "secret")


def test_s3_archive_with_session_token_hands_it_on():
    shared = AwsCredentials(aws_access_key_id="a", aws_secret_access_key="b", aws_session_token="token-3f")
    access = S3Archive(bucket="b", credentials=shared)._access()
    assert access.session_token.get_secret_value() == "token-3f"


def test_s3_archive_with_nothing_but_a_bucket_leaves_all_to_boto3():
    archive = S3Archive(bucket="b")
    access = archive._access()
    assert (access.access_key_id, access.secret_access_key, access.endpoint_url, access.region) == (None,) * 4
    assert archive._options().arguments(NOW) == {}


def test_s3_archive_with_rules_asks_them_of_every_write():
    archive = S3Archive(
        bucket="b",
        storage_class="STANDARD_IA",
        encryption="aws:kms",
        kms_key_id="key-1",
        tags={"made by": "florist"},
        object_lock="GOVERNANCE",
        retention_days=30,
        checksum="sha256",
    )
    options = archive._options()
    assert (options.storage_class, options.checksum) == ("STANDARD_IA", "sha256")
    assert options.arguments(NOW) == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key-1",
        "Tagging": "made+by=florist",
        "ObjectLockMode": "GOVERNANCE",
        "ObjectLockRetainUntilDate": NOW + timedelta(days=30),
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"object_lock": "GOVERNANCE"}, "retain"),
        ({"retention_days": 3}, "retention mode"),
        ({"kms_key_id": "key-1"}, "aws:kms"),
        ({"tags": {f"t{number}": "" for number in range(11)}}, "at most 10 tags"),
        ({"aws_access_key_id": "AKIA"}, "together"),
        ({"endpoint_url": "127.0.0.1:9000"}, "no http or https URL"),
        ({"ca_bundle": "/nowhere/ca.pem"}, "/nowhere/ca.pem"),
    ],
)
def test_s3_archive_with_fields_that_contradict_says_which(fields, said):
    with pytest.raises(ConfigurationError, match=said):
        S3Archive(bucket="b", **fields).get_store()


@pytest.mark.parametrize("shown", [repr, str, lambda block: block.model_dump_json()], ids=["repr", "str", "json"])
@pytest.mark.parametrize("credentials", [own_keys, aws_block, minio_block])
def test_s3_archive_shown_anywhere_keeps_its_secret(shown, credentials):
    archive = S3Archive(bucket="b", **credentials(None))
    assert SECRET_KEY not in shown(archive)
    assert SECRET_KEY not in repr(archive.get_store().__dict__)


WITHOUT_PREFECT_AWS = """
import sys
sys.modules["prefect_aws"] = None
from blocks import S3Archive
archive = S3Archive(bucket="b", prefix="p", aws_access_key_id="a", aws_secret_access_key="s")
print(archive.get_store().location, S3Archive(bucket="b").credentials)
"""


def test_s3_archive_without_prefect_aws_works_by_its_own_fields():
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_PREFECT_AWS], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("s3://b/p None\n", "")


async def test_local_archive_keeps_an_object_in_its_folder(tmp_path):
    store = LocalArchive(path=tmp_path / "new").get_store()
    assert await store.create("a.json", b"{}")
    assert await store.read("a.json") == b"{}"


def test_archive_at_a_bucket_is_an_s3_archive():
    assert archive_at("s3://bucket/a/b") == S3Archive(bucket="bucket", prefix="a/b")


def test_archive_at_a_bucket_elsewhere_reaches_the_same_store():
    location = (
        "s3://bucket/a?endpoint_url=http://127.0.0.1:9000&region=eu-west-1&addressing=path&checksum=none"
        "&expected_bucket_owner=123456789012&request_payer=requester&profile=archive"
    )
    store, named = archive_at(location).get_store(), store_at(location)
    assert (store.location, store.access, store.options) == (named.location, named.access, named.options)


def test_s3_archive_with_a_role_hands_on_keys_that_change_as_they_expire(monkeypatch):
    names = iter("abcdef")
    monkeypatch.setattr(
        AwsCredentials,
        "get_boto3_session",
        lambda _: boto3.Session(f"key-{next(names)}", "secret", "token"),
    )
    block = AwsCredentials(assume_role_arn="arn:aws:iam::123456789012:role/florist")
    begins = datetime.now(UTC) - timedelta(minutes=58)
    found = renewed(block, now=lambda: begins)
    assert found.get_frozen_credentials().access_key != "key-a"


async def test_s3_archive_with_a_role_signs_by_its_keys_and_asks_for_them_at_the_first_request(moto, monkeypatch):
    asked = []
    monkeypatch.setattr(
        AwsCredentials,
        "get_boto3_session",
        lambda _: asked.append("role") or boto3.Session("key-of-role", "secret", "token"),
    )
    block = AwsCredentials(assume_role_arn="arn:aws:iam::123456789012:role/florist")
    store = S3Archive(bucket=moto.bucket, credentials=block, endpoint_url=moto.endpoint_url).get_store()
    assert asked == []
    url = await store.presign("a.png", expires_in=timedelta(hours=6))
    assert "key-of-role" in url.reveal()
    assert 3500 <= int(parse_qs(urlsplit(url.reveal()).query)["X-Amz-Expires"][0]) <= 3600


def test_s3_archive_with_an_empty_credentials_block_leaves_the_search_to_boto3_which_renews(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert S3Archive(bucket="b", credentials=AwsCredentials())._access().access_key_id is None


def test_s3_archive_takes_the_profile_of_a_credentials_block():
    access = S3Archive(bucket="b", credentials=AwsCredentials(profile_name="archive"))._access()
    assert (access.profile, access.access_key_id) == ("archive", None)


def test_archive_at_a_relative_folder_is_that_folder_wherever_a_worker_starts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    archive = archive_at("outputs")
    assert archive == LocalArchive(path=tmp_path / "outputs")
    assert isinstance(archive.get_store(), FolderStore)


@pytest.mark.parametrize("location", ["gs://bucket", "https://host/bucket", "s3://"])
def test_archive_at_another_kind_of_place_says_what_it_takes(location):
    with pytest.raises(ConfigurationError, match="s3://bucket/prefix"):
        archive_at(location)


def test_archive_at_a_file_url_is_its_folder():
    assert archive_at("file:///srv/outputs") == LocalArchive(path=Path("/srv/outputs"))
