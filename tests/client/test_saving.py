"""Outputs saved as files: whole, verified, under a name that was free, or not at all."""

import asyncio
import hashlib

import pytest

from flora_sandbox.faults import Fault
from florist import CompletedRun, FloraClient, FloristError
from florist.archive.errors import OutputRefusedError, TransferError
from florist.stores.errors import IntegrityError, KeyTakenError, StoreError
from tests.client.conftest import PACKSHOT, hurried

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def picture(flora: FloraClient) -> CompletedRun:
    return await flora.run("key-visual", {"prompt": "a red barn"})


async def test_save_into_a_folder_names_the_file_by_run_index_and_type(picture, tmp_path):
    saved = await picture.outputs[0].save(f"{tmp_path}/out/")
    assert saved.path == tmp_path / "out" / f"{picture.run_id.removeprefix('run_')}-0.png"
    content = saved.path.read_bytes()
    assert content.startswith(PNG)
    assert (saved.media_type, saved.size_bytes) == ("image/png", len(content))
    assert saved.sha256 == hashlib.sha256(content).hexdigest()
    assert saved.warning is None


async def test_save_under_a_name_of_one_s_own_takes_it(picture, tmp_path):
    saved = await picture.outputs[0].save(tmp_path / "new" / "barn.png")
    assert saved.path == tmp_path / "new/barn.png"
    assert saved.path.read_bytes().startswith(PNG)


async def test_save_into_a_folder_with_a_dot_that_is_there_goes_inside(picture, tmp_path):
    (tmp_path / "v1.2").mkdir()
    assert (await picture.outputs[0].save(tmp_path / "v1.2")).path.parent == tmp_path / "v1.2"


async def test_text_is_saved_as_it_was_told(flora, tmp_path):
    run = await flora.run("headline-writer", {"brief": "Spring flowers"})
    saved = await run.outputs[0].save(tmp_path)
    assert (saved.path.suffix, saved.path.read_text()) == (".txt", run.outputs[0].text)


async def test_all_outputs_of_a_run_are_saved_side_by_side(flora, tmp_path):
    run = await flora.run("packshot-variations", {"product_image": PACKSHOT})
    await asyncio.gather(*(output.save(tmp_path) for output in run.outputs))
    assert len(list(tmp_path.iterdir())) == 3


async def test_save_again_finds_the_same_file(picture, tmp_path):
    first = await picture.outputs[0].save(tmp_path)
    assert await picture.outputs[0].save(tmp_path) == first


async def test_save_over_a_file_of_other_bytes_leaves_it_alone(picture, tmp_path):
    mine = tmp_path / "barn.png"
    mine.write_bytes(b"mine")
    with pytest.raises(KeyTakenError, match="nothing was changed"):
        await picture.outputs[0].save(mine)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


@pytest.mark.parametrize("fault", ["media_wrong_length", "media_truncated"])
async def test_bytes_that_are_not_what_was_promised_leave_no_file(flora, sandbox, tmp_path, fault):
    sandbox.set_faults(fault)
    run = await flora.run("key-visual", {"prompt": "a red barn"})
    with pytest.raises((IntegrityError, TransferError)):
        await run.outputs[0].save(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_line_that_breaks_midway_is_taken_up_again(flora, sandbox, tmp_path):
    sandbox.set_faults(Fault(name="media_reset", times=1))
    run = await flora.run("key-visual", {"prompt": "a red barn"})
    saved = await run.outputs[0].save(tmp_path)
    assert saved.size_bytes == len(saved.path.read_bytes())


async def test_url_that_has_died_is_asked_for_anew(sandbox, picture, tmp_path):
    sandbox.clock.advance(2 * 24 * 3600)
    assert (await picture.outputs[0].save(tmp_path)).path.read_bytes().startswith(PNG)


async def test_url_that_no_other_replaces_says_that_it_was_paid_for(flora, sandbox, tmp_path):
    sandbox.set_faults("media_expired")
    run = await flora.run("key-visual", {"prompt": "a red barn"})
    with pytest.raises(OutputRefusedError, match="was paid for"):
        await run.outputs[0].save(tmp_path)


async def test_save_where_a_file_stands_in_the_way_says_so(picture, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StoreError, match="a file may stand in its way"):
        await picture.outputs[0].save(tmp_path / "out" / "deeper")


async def test_save_cancelled_midway_leaves_no_file(flora, sandbox, tmp_path):
    sandbox.set_faults(Fault(name="media_slow", seconds=30))
    run = await flora.run("key-visual", {"prompt": "a red barn"})
    saving = asyncio.create_task(run.outputs[0].save(tmp_path))
    await asyncio.sleep(0.2)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert list(tmp_path.iterdir()) == []


async def test_save_after_the_client_is_closed_says_how_to_have_it_still(flora, tmp_path):
    async with hurried() as closing:
        run = await closing.run("headline-writer", {"brief": "Spring flowers"})
    with pytest.raises(FloristError, match=r"is closed: save outputs inside") as caught:
        await run.outputs[0].save(tmp_path)
    assert run.run_id in str(caught.value)
