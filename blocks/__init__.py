"""Prefect blocks of Florist: where configuration and secrets live.

Registered by `prefect block register --module blocks`, and on import through the entry point group
`prefect.collections`.
"""

from pathlib import Path

from blocks.flora_workspace import FloraWorkspace
from blocks.local_archive import LocalArchive
from blocks.s3_archive import S3Archive

Archive = S3Archive | LocalArchive

__all__ = ["Archive", "FloraWorkspace", "LocalArchive", "S3Archive", "archive_at"]


def archive_at(location: str) -> Archive:
    """Return the archive block for a folder, or for `s3://bucket/prefix` with the credentials boto3 finds."""
    if location.startswith("s3://"):
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        return S3Archive(bucket=bucket, prefix=prefix)
    return LocalArchive(path=Path(location).absolute())
