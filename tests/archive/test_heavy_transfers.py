"""Transfers side by side: many light ones, a few heavy ones, and no light one behind a heavy one."""

import asyncio
from collections import Counter

from florist.archive.archiver import Archiver
from florist.archive.errors import TransferBrokenError
from florist.archive.transfers import LIGHT_BYTES
from florist.stores.folder import FolderStore
from tests.archive.test_archiver import NOW, ORIGIN, PNG, run_with

HEAVY = PNG[:-8] + bytes(LIGHT_BYTES) + PNG[-8:]


class Flora:
    """Serves outputs by name; heavy ones stop once they have shown to be heavy, until they may go on."""

    def __init__(self, store: FolderStore, *, heavy_at_once: int = 1, breaks: int = 0) -> None:
        self.archiver = Archiver(store, fetch=self._fetch, outputs_at_once=heavy_at_once, now=lambda: NOW)
        self.may_go_on = asyncio.Event()
        self.fetched: Counter[str] = Counter()
        self.under_way: set[str] = set()
        self._breaks = breaks

    def keep(self, name: str) -> "asyncio.Task[object]":
        run = run_with(("imageUrl", f"https://media.test/{name}"), run_id=f"run_{name}")
        return asyncio.create_task(self.archiver.keep(run, ORIGIN))

    async def _fetch(self, url):
        name = url.reveal().rpartition("/")[2]
        self.fetched[name] += 1
        if not name.startswith("heavy"):
            yield PNG
            return
        yield HEAVY[:LIGHT_BYTES]
        yield HEAVY[LIGHT_BYTES : LIGHT_BYTES + 1]
        self.under_way.add(name)
        try:
            await self.may_go_on.wait()
            if self._breaks:
                self._breaks -= 1
                raise TransferBrokenError("broken in the middle")
            yield HEAVY[LIGHT_BYTES + 1 :]
        finally:
            self.under_way.discard(name)


async def until(is_so) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.001)


async def test_light_output_does_not_wait_for_a_heavy_one(tmp_path):
    flora = Flora(FolderStore(tmp_path))
    heavy = flora.keep("heavy")
    await until(lambda: flora.under_way)
    await asyncio.wait_for(flora.keep("light"), 10)
    assert not heavy.done()
    flora.may_go_on.set()
    await heavy


async def test_heavy_outputs_are_as_many_at_once_as_may_be_and_all_are_kept_whole(tmp_path):
    flora = Flora(FolderStore(tmp_path), heavy_at_once=2)
    keeping = [flora.keep(f"heavy-{number}") for number in range(5)]
    await until(lambda: len(flora.under_way) == 2 and len(flora.fetched) == 5)
    await asyncio.gather(*(flora.keep(f"light-{number}") for number in range(20)))
    assert len(flora.under_way) == 2
    flora.may_go_on.set()
    manifests = await asyncio.gather(*keeping)
    assert {manifest.outputs[0].size_bytes for manifest in manifests} == {len(HEAVY)}
    # Those whose turn it was not began anew, once.
    assert sorted(flora.fetched[f"heavy-{number}"] for number in range(5)) == [1, 1, 2, 2, 2]


async def test_heavy_output_that_breaks_keeps_the_one_place_it_has(tmp_path):
    flora = Flora(FolderStore(tmp_path), heavy_at_once=1, breaks=1)
    first = flora.keep("heavy-first")
    await until(lambda: flora.under_way)
    flora.may_go_on.set()
    await first
    await asyncio.wait_for(flora.keep("heavy-second"), 10)
    assert flora.fetched == {"heavy-first": 2, "heavy-second": 1}
