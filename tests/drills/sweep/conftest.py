"""The sandbox and the archive that the sweep's tests have."""

from tests.s3_servers.fixtures import moto, seaweedfs_http
from tests.sweep.conftest import open_sandbox, settings, store, workshop

__all__ = ["moto", "open_sandbox", "seaweedfs_http", "settings", "store", "workshop"]
