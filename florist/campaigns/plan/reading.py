"""Reads what the ledger has of a campaign: the newest snapshot, and each entry that has moved since."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from florist.campaigns.plan.paid_work import CampaignWork, PaidWork
from florist.campaigns.plan.snapshots import Snapshot, Snapshots
from florist.ledger import Ledger
from florist.stores.store import StoredObject

READ_BEFORE_SNAPSHOT = 200
"""Entries read anew, or manifests, that are worth another snapshot; of a large campaign, a tenth."""

READ_AT_ONCE = 2000
"""Entries whose records are held whole at one time."""

_FOREIGN_DIGITS = 16
"""Of a key: enough to tell a foreign entry from ours, of millions."""


@asynccontextmanager
async def campaign_work(
    ledger: Ledger, campaign: str, technique_ids: Collection[str]
) -> AsyncIterator[CampaignWork]:
    """Have what is known of a campaign's work with these techniques; remember it afterwards, if that was slow.

    Raises:
        StoreError: the archive could not be read.
    """
    snapshots = Snapshots(ledger.store, campaign)
    snapshot = await snapshots.newest()
    reading = _Reading(ledger, campaign, snapshot)
    await asyncio.gather(*map(reading.technique, technique_ids))
    known = CampaignWork(reading.works.values(), reading.unreadable)
    known.outputs.update(snapshot.outputs)
    yield known
    learnt = reading.read + len(known.outputs) - len(snapshot.outputs)
    if learnt > max(READ_BEFORE_SNAPSHOT, len(reading.works) // 10):
        # What other techniques the snapshot knows of is kept, too: another pipeline may share the campaign.
        works = {**snapshot.works, **reading.works}
        await snapshots.keep(Snapshot(works, snapshot.foreign | reading.foreign, known.outputs))


class _Reading:
    def __init__(self, ledger: Ledger, campaign: str, snapshot: Snapshot) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._snapshot = snapshot
        self.works: dict[str, PaidWork] = {}
        self.foreign: set[str] = set()
        self.unreadable: set[str] = set()
        self.read = 0

    async def technique(self, technique_id: str) -> None:
        stale: list[StoredObject] = []
        for key, newest in (await self._ledger.newest_records(technique_id)).items():
            known = self._snapshot.works.get(key)
            if known is not None and known.number == newest.number:
                self.works[key] = known
            elif key[:_FOREIGN_DIGITS] not in self._snapshot.foreign:
                stale.append(newest.record)
        for start in range(0, len(stale), READ_AT_ONCE):
            await self._read(stale[start : start + READ_AT_ONCE])

    async def _read(self, records: Sequence[StoredObject]) -> None:
        survey = await self._ledger.read_newest(records)
        self.read += len(records)
        self.unreadable.update(each.key for each in survey.unreadable)
        for entry in survey.entries:
            if entry.work.campaign == self._campaign:
                self.works[entry.key] = PaidWork.of(entry)
            else:
                self.foreign.add(entry.key[:_FOREIGN_DIGITS])
