"""Where the page finds what it shows: beside it on disk, by presigned URLs, or at a server."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from florist.gallery.derivatives import Derivatives, poster_key, preview_key


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
    """

    url: str
    reviewer: str = ""


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
