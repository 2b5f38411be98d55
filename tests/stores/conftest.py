"""Stores and servers of the stores' tests."""

from tests.s3_servers.fixtures import (
    moto,
    s3_server,
    s3_store,
    seaweedfs_http,
    seaweedfs_https,
    second_store,
    store,
    trusted,
)

__all__ = [
    "moto",
    "s3_server",
    "s3_store",
    "seaweedfs_http",
    "seaweedfs_https",
    "second_store",
    "store",
    "trusted",
]
