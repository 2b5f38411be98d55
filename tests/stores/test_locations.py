"""Locations and the stores they name."""

from pathlib import Path

import pytest

from florist.errors import ConfigurationError
from florist.stores.folder import FolderStore
from florist.stores.locations import store_at
from florist.stores.s3 import S3Store


@pytest.mark.parametrize(
    ("location", "shown"),
    [("s3://bucket", "s3://bucket"), ("s3://bucket/a/b/", "s3://bucket/a/b")],
)
def test_store_at_an_s3_location_is_a_bucket(location, shown):
    store = store_at(location)
    assert isinstance(store, S3Store)
    assert store.location == shown


@pytest.mark.parametrize("location", ["/tmp/a b", Path("/tmp/a b"), "file:///tmp/a%20b"])
def test_store_at_a_path_is_a_folder(location):
    store = store_at(location)
    assert isinstance(store, FolderStore)
    assert store.path == Path("/tmp/a b")


@pytest.mark.parametrize(
    "location", ["", "gs://bucket", "s3://", "s3://key:secret@bucket", "s3://b?x=1", "s3://b#c", "https://b"]
)
def test_store_at_another_place_is_refused(location):
    with pytest.raises(ConfigurationError):
        store_at(location)


def test_store_at_a_location_with_options_has_them_and_does_not_show_them():
    store = store_at(
        "s3://bucket/a?endpoint_url=http://h:9000&region=eu-west-1&addressing=path&checksum=none"
        "&expected_bucket_owner=123456789012&request_payer=requester&profile=archive&request_checksums=when_required"
    )
    assert isinstance(store, S3Store)
    access = store.access
    assert (access.endpoint_url, access.region, access.profile) == ("http://h:9000", "eu-west-1", "archive")
    assert (access.addressing_style, access.request_checksum_calculation) == ("path", "when_required")
    assert (access.expected_bucket_owner, access.request_payer) == ("123456789012", "requester")
    assert (store.options.checksum, store.location) == ("none", "s3://bucket/a")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("endpoint=http://h", "no option 'endpoint'; it takes endpoint_url, region"),
        ("addressing=virtul", "auto or path or virtual, not 'virtul'"),
        ("checksum=md5", "crc32 or sha256 or none"),
        ("region=", "needs a value"),
        ("endpoint_url=localhost:9000", "no http or https URL"),
        ("ca_bundle=/no/such.pem", "/no/such.pem"),
    ],
)
def test_store_at_a_location_with_an_option_that_cannot_be_says_which_can(query, said):
    with pytest.raises(ConfigurationError, match=said):
        store_at(f"s3://bucket?{query}")


@pytest.mark.parametrize(
    "location",
    [
        "s3://AKIA:hushhush@bucket",
        "s3://bucket?aws_secret_access_key=hushhush",
        "s3://bucket?access_key_id=hushhush",
        "s3://bucket?session_token=hushhush",
        "s3://bucket?endpoint_url=https://key:hushhush@host",
        "s3://bucket?endpoint_url=key:hushhush@host",
        "gs://key:hushhush@bucket",
        "https://host/bucket?X-Amz-Signature=hushhush",
    ],
)
def test_store_at_a_location_with_credentials_is_refused_without_showing_them(location):
    with pytest.raises(ConfigurationError) as refused:
        store_at(location)
    assert "hushhush" not in str(refused.value)


def test_store_at_a_location_with_credentials_says_where_they_belong():
    with pytest.raises(ConfigurationError, match=r"AWS_SECRET_ACCESS_KEY, name a profile"):
        store_at("s3://key:secret@bucket")
