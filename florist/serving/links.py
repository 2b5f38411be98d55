"""Where a sheet that the server shows finds its media: at the server, by links relative to the sheet's page."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from florist.gallery import Derivatives


@dataclass(frozen=True, slots=True)
class ServerLinks:
    """Links of a page.

    Attributes:
        root: leads from the page to the server's first one; ends in a slash.
    """

    derivatives: Derivatives
    root: str
    until: datetime | None = field(default=None, init=False)

    def original(self, key: str) -> str:
        """See `florist.gallery.Links`."""
        return f"{self.root}media/{quote(key)}"

    def preview(self, sha256: str) -> str | None:
        """See `florist.gallery.Links`."""
        return f"{self.root}previews/{sha256}.webp" if sha256 in self.derivatives.previews else None

    def poster(self, sha256: str) -> str | None:
        """See `florist.gallery.Links`."""
        return f"{self.root}posters/{sha256}.webp" if sha256 in self.derivatives.posters else None
