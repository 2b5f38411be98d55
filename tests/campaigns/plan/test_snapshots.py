"""A snapshot saves reading, and is believed in nothing that the ledger's listing does not confirm."""

import gzip
from dataclasses import dataclass, field
from typing import Any

import pytest

from florist.campaigns.plan import reading
from florist.campaigns.plan.keys import plans_folder
from florist.campaigns.plan.snapshots import Snapshots
from florist.ledger import Ledger, restart
from florist.stores.errors import StoreDeniedError
from tests.campaigns.plan.conftest import Shop, told


@dataclass
class CountingStore:
    """A store that notes which keys are read."""

    store: Any
    read_keys: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def read(self, key: str) -> bytes | None:
        self.read_keys.append(key)
        return await self.store.read(key)

    @property
    def records_read(self) -> int:
        return sum(key.startswith(("ledger/entries/", "index/")) for key in self.read_keys)


@pytest.fixture
def snapping(monkeypatch):
    """Every read is worth a snapshot."""
    monkeypatch.setattr(reading, "READ_BEFORE_SNAPSHOT", 0)


def another_process(shop: Shop) -> CountingStore:
    """Have the shop reach its store as a process does that has written nothing yet."""
    shop.store = CountingStore(getattr(shop.store, "store", shop.store))
    return shop.store


async def test_second_plan_of_a_finished_campaign_reads_the_snapshot_alone(shop: Shop, snapping):
    await shop.run()
    another_process(shop)
    first = await shop.planned()
    counted = another_process(shop)
    assert told(await shop.planned()) == told(first)
    assert counted.records_read == 0


async def test_plan_after_one_entry_moved_reads_that_one(shop: Shop, snapping):
    await shop.run()
    await shop.planned()
    ledger = Ledger(shop.store)
    entry = next(entry for entry in await ledger.entries() if entry.work.row == "a" and entry.work.step == "page")
    await restart(ledger, entry, gives_up_run=True)
    counted = another_process(shop)
    planned = await shop.planned()
    assert {label for label, why in told(planned).items() if why == "new: restarted"} == {"a/page"}
    assert counted.records_read == 1


async def test_plan_of_another_campaign_is_not_confused_by_its_neighbours(shop: Shop, snapping):
    await shop.run()
    shop.campaign = "autumn"
    await shop.run()
    await shop.planned()
    counted = another_process(shop)
    assert set(told(await shop.planned()).values()) == {"reuse: kept"}
    assert counted.records_read == 0


DAMAGED = gzip.compress(b'{"version":1,"foreign":[]}\n["key"]\n')


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", DAMAGED, DAMAGED[:-12], DAMAGED[:20] + b"x" + DAMAGED[21:]],
    ids=["empty", "no gzip", "no entry", "cut off", "altered"],
)
async def test_damaged_snapshot_is_as_good_as_none(shop: Shop, snapping, content):
    await shop.run()
    await shop.store.create(f"{plans_folder('spring')}snapshots/0099.jsonl.gz", content)
    assert set(told(await shop.planned()).values()) == {"reuse: kept"}


async def test_store_that_may_not_be_written_to_is_planned_from_all_the_same(shop: Shop, snapping, monkeypatch):
    await shop.run()

    async def denied(*_: object, **__: object) -> bool:
        raise StoreDeniedError("no right to write")

    monkeypatch.setattr(shop.store, "create", denied)
    assert set(told(await shop.planned()).values()) == {"reuse: kept"}


async def test_snapshot_tells_works_and_outputs_as_they_were(shop: Shop, snapping):
    await shop.run()
    async with reading.campaign_work(Ledger(shop.store), "spring", {"tech_caption0001"}) as known:
        (caption, _) = known.by_key.values()
    snapshot = await Snapshots(shop.store, "spring").newest()
    assert snapshot.works[caption.key] == caption
