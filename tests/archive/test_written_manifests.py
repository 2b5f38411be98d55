"""Manifests that this process has written are not read again, and say the same as those that are."""

from florist.archive.archiver import Archiver
from florist.campaigns.delivery.kept import readable_runs
from florist.stores.folder import FolderStore
from tests.archive.test_archiver import NOW, ORIGIN, PNG, run_with

CAMPAIGN = ORIGIN.model_copy(update={"campaign": "spring", "row": "sku-1", "step": "still"})


async def fetch(_):
    yield PNG


async def test_manifest_of_this_process_is_told_without_reading_it_and_as_another_process_reads_it(
    tmp_path, monkeypatch
):
    store, reads = FolderStore(tmp_path), []
    archiver = Archiver(store, fetch=fetch, now=lambda: NOW)
    await archiver.keep(run_with(("imageUrl", "https://media.test/a")), CAMPAIGN)
    read_by_another = await readable_runs(FolderStore(tmp_path), "spring")
    monkeypatch.setattr(store, "read", reads.append)
    assert await readable_runs(store, "spring") == read_by_another
    assert (len(read_by_another[0]), reads) == (1, [])


async def test_manifest_that_is_gone_is_told_no_more(tmp_path):
    store = FolderStore(tmp_path)
    archiver = Archiver(store, fetch=fetch, now=lambda: NOW)
    await archiver.keep(run_with(("imageUrl", "https://media.test/a")), CAMPAIGN)
    [key] = [item.key async for item in store.list("campaigns/") if item.key.endswith(".json")]
    await store.delete(key)
    assert await readable_runs(store, "spring") == ([], [])
