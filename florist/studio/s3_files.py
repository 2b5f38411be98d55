"""Files that somebody names as `s3://bucket/key`, copied to this machine for as long as they are needed."""

import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from florist.api.models import MediaKind
from florist.errors import ConfigurationError
from florist.pipelines import Pipeline
from florist.stores.errors import ObjectMissingError
from florist.stores.locations import store_at

BYTES_AT_MOST = 1024**3
"""Of one file; a million rows of a product list have a fifth of that."""


class S3File(NamedTuple):
    """A copy of an object.

    Attributes:
        shown: its location without options.
    """

    path: Path
    shown: str
    media_type: str


@asynccontextmanager
async def s3_file(location: str) -> AsyncGenerator[S3File, None]:
    """Have a copy of an object, under its own name's suffix.

    Args:
        location: s3://bucket/key, with the options of an archive's location.

    Raises:
        ObjectMissingError, ConfigurationError, StoreError: there is none, it is too big, or it cannot be read.
    """
    parts = urlsplit(location)
    folder, _, key = parts.path.rpartition("/")
    store = store_at(parts._replace(path=folder).geturl())
    told = await store.head(key) if key else None
    shown = parts._replace(query="").geturl()
    if told is None:
        raise ObjectMissingError(f"there is nothing at {shown}", key=key)
    if told.size_bytes > BYTES_AT_MOST:
        raise ConfigurationError(f"{shown} has {told.size_bytes:,} bytes; at most {BYTES_AT_MOST:,} are read")
    async with kept(store.stream(key), suffix=Path(key).suffix) as path:
        yield S3File(path, shown, told.media_type)


@asynccontextmanager
async def kept(chunks: AsyncIterable[bytes], *, suffix: str = "") -> AsyncGenerator[Path, None]:
    """Have the bytes in a file for as long as they are needed."""
    with tempfile.NamedTemporaryFile(prefix="florist-", suffix=suffix) as file:
        async for chunk in chunks:
            file.write(chunk)
        file.flush()
        yield Path(file.name)


@asynccontextmanager
async def with_s3_files(pipeline: Pipeline, params: Mapping[str, str]) -> AsyncGenerator[Mapping[str, str], None]:
    """Have params whose media stand in S3 with a path of this machine instead; see `s3_file`."""
    async with AsyncExitStack() as copies:
        found = dict(params)
        for name, value in params.items():
            is_media = name in pipeline.params and pipeline.params[name].type is not MediaKind.TEXT
            if is_media and value.startswith("s3://"):
                found[name] = str((await copies.enter_async_context(s3_file(value))).path)
        yield found
