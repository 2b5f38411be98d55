"""The S3 server of the blocks' tests."""

from tests.s3_servers.fixtures import moto

__all__ = ["moto"]
