"""Renders a sheet as one HTML page that needs nothing but itself and the media that it shows."""

from florist.gallery.links import Links, Review
from florist.gallery.sheet import Sheet


def render_sheet(sheet: Sheet, *, links: Links, review: Review | None = None) -> str:
    """Return the page.

    Args:
        review: where picks are posted; None for a page that keeps them, and offers them as picks.json.
    """
    raise NotImplementedError
