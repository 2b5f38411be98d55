"""Where the page finds what it shows: beside it on disk, by presigned URLs, or at a server."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from florist.archive.side_by_side import side_by_side
from florist.gallery.derivatives import Derivatives, poster_key, preview_key
from florist.gallery.sheet import Sheet
from florist.stores.store import Store

SIGNED_FOR = timedelta(days=1)
SIGNED_AT_ONCE = 16


class Links(Protocol):
    """Where a browser gets an output, its preview and, of a film, its poster."""

    @property
    def until(self) -> datetime | None:
        """When the links end; None if they stay."""
        ...

    def original(self, key: str) -> str:
        """Return the link to an object of the archive."""
        ...

    def preview(self, sha256: str) -> str | None:
        """Return the link to the preview of a content; None if there is none."""
        ...

    def poster(self, sha256: str) -> str | None:
        """Return the link to the poster of a film; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Review:
    """Where picks go.

    Attributes:
        url: takes GET and POST as `florist serve` does: `/campaigns/{name}/picks`.
        reviewer: whose picks they will be.
        takes: where another take is ordered: `/campaigns/{name}/takes`; empty where it cannot be.
        home: the page that lists the campaigns; empty if there is none.
    """

    url: str
    reviewer: str = ""
    takes: str = ""
    home: str = ""


@dataclass(frozen=True, slots=True)
class RelativeLinks:
    """Links to a folder archive, or to a copy of one, from a page in or beside it.

    Attributes:
        root: leads from the page to the archive: `../../`, or a whole `file:///…/`; percent-encoded, ends in `/`.
    """

    derivatives: Derivatives
    root: str = ""
    until: datetime | None = field(default=None, init=False)

    def original(self, key: str) -> str:
        """See `Links`."""
        return self.root + quote(key)

    def preview(self, sha256: str) -> str | None:
        """See `Links`."""
        return self.root + preview_key(sha256) if sha256 in self.derivatives.previews else None

    def poster(self, sha256: str) -> str | None:
        """See `Links`."""
        return self.root + poster_key(sha256) if sha256 in self.derivatives.posters else None


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Presigned URLs: whoever has the page can see what it shows, until they end. Made by `signed_links`."""

    urls: dict[str, str] = field(repr=False)
    until: datetime | None

    def original(self, key: str) -> str:
        """See `Links`."""
        return self.urls.get(key, "")

    def preview(self, sha256: str) -> str | None:
        """See `Links`."""
        return self.urls.get(preview_key(sha256))

    def poster(self, sha256: str) -> str | None:
        """See `Links`."""
        return self.urls.get(poster_key(sha256))


async def signed_links(
    store: Store, sheet: Sheet, derivatives: Derivatives, *, expires_in: timedelta = SIGNED_FOR
) -> SignedLinks | None:
    """Return presigned URLs of all that a sheet shows; None where the store has none (a folder).

    They may expire earlier than asked: no signature outlives the credentials that made it.
    """
    keys = list(dict.fromkeys(_shown_keys(sheet, derivatives)))
    urls: dict[str, str] = {}

    async def sign(key: str) -> None:
        url = await store.presign(key, expires_in=expires_in)
        if url is not None:
            urls[key] = url.reveal()

    await side_by_side(keys, sign, at_once=SIGNED_AT_ONCE)
    if keys and not urls:
        return None
    return SignedLinks(urls, min(map(ends_at, urls.values()), default=None))


def ends_at(url: str) -> datetime:
    """Return when a presigned URL ends, which it says itself."""
    fields = parse_qs(urlsplit(url).query)
    signed_at = datetime.strptime(fields["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return signed_at + timedelta(seconds=int(fields["X-Amz-Expires"][0]))


def _shown_keys(sheet: Sheet, derivatives: Derivatives) -> Iterator[str]:
    for media in sheet.media():
        yield media.key
        if media.sha256 in derivatives.previews:
            yield preview_key(media.sha256)
        if media.sha256 in derivatives.posters:
            yield poster_key(media.sha256)
