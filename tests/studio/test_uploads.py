"""Uploads as inputs: the same work as the file itself, and nothing is started where one is gone."""

from pathlib import Path

import pytest

from florist.api.models import MediaKind
from florist.ledger import How
from florist.pipelines.planning import PlannedInput, PlannedStep
from florist.pipelines.sources import FileSource, MediaSource, media_source
from florist.stores.errors import IntegrityError
from florist.stores.folder import FolderStore
from florist.studio.errors import UploadMissingError, UploadTooLargeError
from florist.studio.steps import CampaignRow, StartedStep
from florist.studio.studio import Studio
from florist.studio.uploads import file_chunks, keep_upload
from florist.upload_address import UploadAddress
from tests.studio.conftest import connected

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(1000)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "packshot.png"
    path.write_bytes(PICTURE)
    return path


async def started(sandbox, folder: FolderStore, source: MediaSource) -> StartedStep:
    given = PlannedInput(id="image", type="imageUrl", value=source)
    step = PlannedStep(name="words", technique="caption-writer", technique_id="tech_caption0001", inputs=(given,))
    async with connected(sandbox) as client:
        return await Studio(client, folder).start(step, {}, CampaignRow(campaign="spring"))


def source_of(address: UploadAddress) -> MediaSource:
    return media_source(str(address), MediaKind.IMAGE, folder=Path())


async def test_picture_by_path_and_by_upload_is_one_piece_of_work_and_one_asset(sandbox, folder, picture):
    by_path = await started(sandbox, folder, FileSource(path=picture))
    kept = await keep_upload(folder, file_chunks(picture), name="x")
    picture.unlink()
    by_upload = await started(sandbox, folder, source_of(kept.address))
    assert (by_upload.how, by_upload.entry.key) == (How.RESUMED, by_path.entry.key)
    assert sandbox.books().total.runs == 1


async def test_upload_is_brought_to_flora_from_the_archive(sandbox, folder, picture):
    kept = await keep_upload(folder, file_chunks(picture), name="x")
    found = await started(sandbox, folder, source_of(kept.address))
    assert found.how is How.NEW
    assert [item.source for item in found.entry.work.inputs] == [str(kept.address)]


@pytest.mark.parametrize("damage", [None, PICTURE[:-1] + b"x"], ids=["gone", "damaged"])
async def test_upload_that_is_not_there_any_more_starts_nothing(sandbox, folder, picture, damage):
    kept = await keep_upload(folder, file_chunks(picture), name="x")
    path = folder.path / kept.address.key
    path.unlink()
    if damage:
        path.write_bytes(damage)
    with pytest.raises(IntegrityError if damage else UploadMissingError):
        await started(sandbox, folder, source_of(kept.address))
    assert sandbox.books().total.requests == 0


async def test_upload_of_too_many_bytes_leaves_nothing(folder, picture):
    with pytest.raises(UploadTooLargeError, match="more than 999 bytes"):
        await keep_upload(folder, file_chunks(picture), name="x", most_bytes=999)
    assert [item async for item in folder.list("")] == []
