"""Charges are read once for all campaigns, and again after a while."""

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

from florist.serving.recent_charges import GOOD_FOR, RecentCharges
from florist.stores.folder import FolderStore
from florist.stores.store import StoredObject


class CountingStore(FolderStore):
    lists = 0

    async def list(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        self.lists += prefix.startswith("ledger/")
        async for item in super().list(prefix):
            yield item


async def test_charges_of_many_campaigns_are_read_once_and_again_after_a_while(two_campaigns: Path):
    store, now = CountingStore(two_campaigns), [0.0]
    recent = RecentCharges(store, monotonic=lambda: now[0])
    spring, winter = await asyncio.gather(recent.of("spring"), recent.of("winter"))
    assert [found.bill("day").total.charged_usd for found in (spring, winter)] == [Decimal("0.16"), 0]
    once = store.lists
    now[0] = GOOD_FOR
    await recent.of("spring")
    assert store.lists == once
    now[0] = GOOD_FOR + 1
    await recent.of("spring")
    assert store.lists == 2 * once
