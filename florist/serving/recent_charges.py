"""A cache of all charges of an archive: the first page asks by campaign, and the ledger is read as a whole."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from florist.campaigns.bill.reading import Charges, read_charges
from florist.stores.store import Store

GOOD_FOR = 20.0
"""Seconds: what the first page says of money is no older."""


class RecentCharges:
    """The charges of one archive, read at most every so often, however many ask."""

    def __init__(self, store: Store, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._reading = asyncio.Lock()
        self._found: Charges | None = None
        self._read_at = float("-inf")

    async def of(self, campaign: str) -> Charges:
        """Return what a campaign was charged, as of now or a moment ago."""
        async with self._reading:
            if self._found is None or self._monotonic() - self._read_at > GOOD_FOR:
                self._found = await read_charges(self._store)
                self._read_at = self._monotonic()
        found = self._found
        charges = tuple(charge for charge in found.charges if charge.campaign == campaign)
        return replace(found, campaign=campaign, charges=charges)
