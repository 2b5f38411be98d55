"""Reads a campaign's contact sheet out of its archive."""

from datetime import datetime

from florist.gallery.sheet import Sheet
from florist.stores.store import Store


async def read_sheet(store: Store, campaign: str, *, against: str = "", now: datetime | None = None) -> Sheet:
    """Return the sheet of a campaign as it stands. Nothing is asked of FLORA.

    Args:
        against: another campaign in the same archive, to be held beside it row by row.

    Raises:
        ConfigurationError: the archive knows no such campaign.
        StoreError: the store could not be asked.
    """
    raise NotImplementedError
