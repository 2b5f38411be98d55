"""A file that changes between its identity and its upload: nothing is started with bytes that nobody asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from florist.api.errors import AssetChangedError
from florist.pipelines.planning import PlannedInput, PlannedStep
from florist.pipelines.sources import FileSource
from florist.stores.folder import FolderStore
from florist.studio.steps import CampaignRow
from florist.studio.studio import Studio
from tests.studio.conftest import connected

PNG = b"\x89PNG\r\n\x1a\n"
SMALL, LARGE = PNG + bytes(1000), PNG + bytes(5 * 1024 * 1024)
"""One request to FLORA, and a file that goes to storage."""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return tmp_path / "packshot.png"


def captioned(picture: Path) -> PlannedStep:
    given = PlannedInput(id="image", type="imageUrl", value=FileSource(path=picture))
    return PlannedStep(name="words", technique="caption-writer", technique_id="tech_caption0001", inputs=(given,))


async def start(sandbox, folder: FolderStore, picture: Path, meanwhile: Callable[[], object]) -> None:
    async with connected(sandbox) as client:
        upload = client.assets.upload

        async def upload_later(*given, **options):
            meanwhile()
            return await upload(*given, **options)

        client.assets.upload = upload_later
        await Studio(client, folder).start(captioned(picture), {}, CampaignRow(campaign="spring"))


@pytest.mark.parametrize(
    ("before", "after"),
    [(SMALL, SMALL[:-9] + b"another!?"), (SMALL, LARGE), (LARGE, LARGE + b"1")],
    ids=["same size", "grown large", "large"],
)
async def test_file_rewritten_before_its_upload_starts_nothing(sandbox, folder, picture, before, after):
    picture.write_bytes(before)
    with pytest.raises(AssetChangedError, match=r"packshot\.png changed"):
        await start(sandbox, folder, picture, lambda: picture.write_bytes(after))
    assert sandbox.books().total.requests == 0
    assert [item async for item in folder.list("assets/")] == []


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_file_left_alone_is_uploaded_and_its_step_started(sandbox, folder, picture, content):
    picture.write_bytes(content)
    await start(sandbox, folder, picture, lambda: None)
    assert sandbox.books().total.runs == 1
