"""Prefect's blocks: configuration and secrets, saved once and chosen in a form.

They come with the checkout, like the flows. A server learns of them by `make bootstrap`, or by
`prefect block register --module blocks`.

Promises: making a block connects to nothing; keys appear in no repr, dump or log; slugs and fields stay.
Start reading at `flora_workspace.py`, who pays; `s3_archive.py` and `local_archive.py` say where outputs are kept.
"""

from blocks.flora_workspace import FloraWorkspace
from blocks.local_archive import LocalArchive
from blocks.s3_archive import S3Archive
from florist.stores.folder import FolderStore
from florist.stores.locations import store_at
from florist.stores.s3 import S3Store

Archive = S3Archive | LocalArchive

__all__ = ["Archive", "FloraWorkspace", "LocalArchive", "S3Archive", "archive_at"]


def archive_at(location: str) -> Archive:
    """Return the archive block for a folder, or for `s3://bucket/prefix?options` with the credentials boto3 finds.

    Raises:
        ConfigurationError: the location names another kind of place.
    """
    match store_at(location):
        case S3Store() as store:
            return S3Archive.of(store)
        case FolderStore(path=path):
            return LocalArchive(path=path)
        case other:
            raise TypeError(f"no block keeps a {type(other).__name__}")
