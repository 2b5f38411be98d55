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
    "location", ["", "gs://bucket", "s3://", "s3://key:secret@bucket", "s3://b?x=1", "https://b"]
)
def test_store_at_another_place_is_refused(location):
    with pytest.raises(ConfigurationError):
        store_at(location)
