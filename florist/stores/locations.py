"""Finds the store that a location names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from florist.errors import ConfigurationError
from florist.stores.folder import FolderStore
from florist.stores.s3 import S3Store
from florist.stores.s3_client import Access
from florist.stores.s3_options import ObjectOptions
from florist.stores.store import Store


def store_at(location: str | Path, *, access: Access | None = None, options: ObjectOptions | None = None) -> Store:
    """Return the store at `s3://bucket/prefix`, a `file:///` URL, or the path of a folder.

    Example: docs/client.md, "Paying once".

    Args:
        access, options: for S3 alone.

    Raises:
        ConfigurationError: the location names another kind of place.
    """
    parts = urlsplit(str(location))
    if parts.scheme == "s3" and parts.netloc and not (parts.query or parts.fragment or "@" in parts.netloc):
        return S3Store(parts.netloc, parts.path, access=access, options=options)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path:
        return FolderStore(unquote(parts.path))
    if "://" in str(location) or not str(location):
        raise ConfigurationError(
            f"cannot archive to {str(location)!r}; give s3://bucket/prefix or a folder's path"
        )
    return FolderStore(location)
