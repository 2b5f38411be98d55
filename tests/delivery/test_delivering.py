"""Delivering into folders and buckets: links, verified copies, a second time, names that are taken."""

import csv
import io
import os

import pytest

from florist.archive.manifest import ManifestInput
from florist.campaigns.delivery.delivering import DEFAULT_NAMES, deliver
from florist.campaigns.delivery.errors import DeliveryError
from florist.campaigns.delivery.naming import Naming
from florist.campaigns.delivery.placing import Placed
from florist.stores.errors import IntegrityError, ObjectMissingError
from florist.stores.folder import FolderStore
from tests.delivery.conftest import content, keep, made
from tests.s3_servers.fixtures import SMALL_PART_BYTES

BY_CELL = Naming(DEFAULT_NAMES, {})
INDEX = "spring-index-0001.csv"


async def test_outputs_stand_under_their_names_and_originals_stay(archive, target):
    await keep(archive, made("sku-1"), made("sku-2"))
    before = await content(archive)
    found = await deliver("spring", archive, target, BY_CELL)
    delivered = await content(target)
    assert sorted(delivered) == ["sku-1_still_0.png", "sku-2_still_0.png", INDEX]
    assert set(before.values()) >= {data for name, data in delivered.items() if name != INDEX}
    assert (await content(archive), found.index_name, found.taken) == (before, INDEX, ())


@pytest.mark.parametrize("may_link", [True, False])
async def test_second_time_copies_nothing(archive, target, may_link):
    await keep(archive, made("sku-1"), made("sku-2"))
    await deliver("spring", archive, target, BY_CELL, may_link=may_link)
    before = {item.key: item.modified_at async for item in target.list("")}
    again = await deliver("spring", archive, target, BY_CELL, may_link=may_link)
    assert (again.counts, again.index_name) == ({Placed.THERE: 2}, INDEX)
    assert {item.key: item.modified_at async for item in target.list("")} == before


async def test_row_made_since_is_delivered_with_a_new_index(archive, target):
    await keep(archive, made("sku-1"))
    await deliver("spring", archive, target, BY_CELL)
    await keep(archive, made("sku-2"))
    found = await deliver("spring", archive, target, BY_CELL)
    assert (found.counts[Placed.THERE], sum(found.counts.values())) == (1, 2)
    assert found.index_name == "spring-index-0002.csv"


async def test_folder_on_the_same_file_system_is_linked_unless_a_copy_is_asked_for(archive, tmp_path):
    run = made("sku-1")
    await keep(archive, run)
    original = archive.path / run[0].outputs[0].key
    for folder, may_link in (("linked", True), ("copied", False)):
        found = await deliver("spring", archive, FolderStore(tmp_path / folder), BY_CELL, may_link=may_link)
        assert original.samefile(tmp_path / folder / "sku-1_still_0.png") == may_link
        assert found.counts == {Placed(folder): 1}


async def test_file_system_without_links_gets_copies(archive, tmp_path, monkeypatch):
    await keep(archive, made("sku-1"))
    link = os.link

    def refuse(source, wanted):
        if str(source).startswith(str(archive.path)):
            raise OSError(18, "Invalid cross-device link")
        link(source, wanted)

    monkeypatch.setattr(os, "link", refuse)
    found = await deliver("spring", archive, FolderStore(tmp_path / "delivered"), BY_CELL)
    assert found.counts == {Placed.COPIED: 1}


async def test_name_under_which_other_bytes_stand_is_left_alone_and_told(archive, target):
    await keep(archive, made("sku-1"), made("sku-2"))
    await target.create("sku-1_still_0.png", b"of somebody")
    found = await deliver("spring", archive, target, BY_CELL)
    assert found.taken == ("sku-1_still_0.png",)
    assert (await content(target))["sku-1_still_0.png"] == b"of somebody"
    assert b"sku-1_still_0.png" not in (await content(target))[INDEX]


async def test_damaged_original_is_not_delivered_as_a_copy(archive, target):
    run = made("sku-1")
    await keep(archive, run)
    (archive.path / run[0].outputs[0].key).write_bytes(b"x" * run[0].outputs[0].size_bytes)
    with pytest.raises(IntegrityError, match="is damaged"):
        await deliver("spring", archive, target, BY_CELL, may_link=False)
    assert await content(target) == {}


async def test_missing_original_is_told_with_the_mend(archive, target):
    run = made("sku-1")
    await keep(archive, run)
    (archive.path / run[0].outputs[0].key).unlink()
    with pytest.raises(ObjectMissingError):
        await deliver("spring", archive, target, BY_CELL)


async def test_cell_made_again_is_delivered_as_it_was_made_last(archive, target):
    await keep(archive, made(run="run_old"), made(run="run_new", minutes=5))
    found = await deliver("spring", archive, target, BY_CELL)
    assert (await content(target))["sku-1_still_0.png"] == b"run_new 0"
    assert found.superseded == 1


async def test_rows_of_a_row_file_alone_are_delivered(archive, target):
    await keep(archive, made("sku-1"), made("sku-2"))
    found = await deliver("spring", archive, target, Naming(DEFAULT_NAMES, {"sku-2": {}}))
    assert (sorted(await content(target)), found.left_out) == (["sku-2_still_0.png", INDEX], 1)


async def test_index_tells_what_is_what_and_holds_no_formula(archive, target):
    prompt = ManifestInput(id="prompt", type="text", text="=SUM(A1)\nin a garden")
    run = made("sku-1", "still@luxury@v2", inputs=(prompt,), outputs=2)
    await keep(archive, run)
    await deliver("spring", archive, target, BY_CELL)
    rows = list(csv.DictReader(io.StringIO((await content(target))[INDEX].decode(), newline="")))
    assert [(row["name"], row["charged_usd"]) for row in rows] == [
        ("sku-1_still-luxury-v2_0.png", "0.08"),
        ("sku-1_still-luxury-v2_1.png", ""),
    ]
    first = rows[0]
    assert (first["row"], first["step"], first["axes"], first["variation"]) == ("sku-1", "still", "luxury", "2")
    assert (first["prompt"], first["run"]) == ("'=SUM(A1)\nin a garden", run[0].run_id)
    assert first["sha256"] == run[0].outputs[0].sha256


@pytest.mark.parametrize("campaign", ["autumn", "Spring", "spring!"])  # the last has the same folder
async def test_campaign_of_which_nothing_is_kept_delivers_nothing(archive, target, campaign):
    await keep(archive, made("sku-1"))
    with pytest.raises(DeliveryError, match="keeps nothing of a campaign"):
        await deliver(campaign, archive, target, BY_CELL)


async def test_delivery_out_of_a_bucket_is_copied(moto, target):
    archive = moto.store()
    await keep(archive, made("sku-1"))
    found = await deliver("spring", archive, target, BY_CELL)
    assert (found.counts, (await content(target))["sku-1_still_0.png"][:4]) == ({Placed.COPIED: 1}, b"run_")


async def test_second_time_into_a_bucket_knows_an_object_in_many_parts_without_reading_it(archive, moto):
    target = moto.store(part_bytes=SMALL_PART_BYTES)
    await keep(archive, made("sku-1", content="x" * (2 * SMALL_PART_BYTES + 1)))
    await deliver("spring", archive, target, BY_CELL)
    again = await deliver("spring", archive, target, BY_CELL)
    assert (again.counts, again.taken) == ({Placed.THERE: 1}, ())
