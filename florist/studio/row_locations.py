"""Row files by their location: a path on this machine, https or S3. What is elsewhere is fetched once, whole.

::

    products.csv                                              a path; file:///… is the same
    https://docs.google.com/spreadsheets/d/…/export?format=csv    public addresses alone, or this machine's own
    s3://bucket/spring/products.xlsx?endpoint_url=…           with the options of an archive's location
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from florist.archive.download import Downloader
from florist.archive.download_progress import DownloadLimits
from florist.errors import ConfigurationError
from florist.pipelines.errors import RowsChangedError
from florist.pipelines.row_files import RowFile, row_file
from florist.pipelines.rows import Rows
from florist.secrets import SignedUrl, shown_url
from florist.studio.s3_files import BYTES_AT_MOST, kept, s3_file

_LIMITS = DownloadLimits(size_bytes_at_most=BYTES_AT_MOST, total_timeout=600.0)
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@asynccontextmanager
async def rows_of(given: str | Mapping[str, Mapping[str, str]], *, sha256: str = "") -> AsyncGenerator[Rows, None]:
    """Have the rows that a flow or a program is given: by a row file's location, or as they are.

    Args:
        given: an empty location is no rows.
        sha256: the digest that the file must have: that of the file that was priced. Empty if any will do.

    Raises:
        PipelineFileError, ConfigurationError, StoreError, TransferError: there is none, or it cannot be fetched.
        RowsChangedError: it has another digest.
    """
    if not isinstance(given, str) or not given:
        yield given or {}
        return
    async with _located(given) as found:
        if sha256 and found.sha256 != sha256:
            raise RowsChangedError(
                f"{found.name} has changed since it was priced (SHA-256 {sha256[:12]}…, now "
                f"{found.sha256[:12]}…): look at its price anew, then start again"
            )
        yield found


def absolute_location(location: str) -> str:
    """Return the location as any process on this machine understands it."""
    return location if "://" in location or not location else str(Path(location).absolute())


def shown_location(location: str) -> str:
    """Return what may be shown of a location: the whole of it, unless it may open a private file."""
    parts = urlsplit(location)
    return shown_url(location) if parts.scheme in ("http", "https") else location


@asynccontextmanager
async def _located(location: str) -> AsyncGenerator[RowFile, None]:
    try:
        parts = urlsplit(location)
        scheme = parts.scheme if "://" in location else ""
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"rows: this is no path and no URL ({error})") from error
    match scheme:
        case "" | "file":
            path = Path(unquote(parts.path) if scheme else location)
            yield await asyncio.to_thread(row_file, path)
        case "https" | "http":
            # Named by whoever starts this, not by a server's answer: so their own machine may be meant.
            host = f"{parts.hostname}:{port or _PORTS[scheme]}"
            async with _web_file(location, frozenset({host} if parts.hostname in _LOOPBACK else ())) as found:
                yield found
        case "s3":
            async with _s3_file(location) as found:
                yield found
        case _:
            raise ConfigurationError(f"rows cannot be read from {scheme}://…: give a path, https://… or s3://…")


@asynccontextmanager
async def _web_file(url: str, trusted: frozenset[str]) -> AsyncGenerator[RowFile, None]:
    told: list[str] = []

    def heard(headers: httpx.Headers) -> None:
        told[:] = [headers.get("content-type", "")]

    async with (
        Downloader(trusted_hosts=trusted, limits=_LIMITS) as downloader,
        kept(downloader.fetch(SignedUrl(url), heard=heard)) as path,
    ):
        yield row_file(path, name=shown_url(url), base=url, media_type="".join(told))


@asynccontextmanager
async def _s3_file(location: str) -> AsyncGenerator[RowFile, None]:
    async with s3_file(location) as found:
        yield row_file(found.path, name=found.shown, base=found.shown, media_type=found.media_type)
