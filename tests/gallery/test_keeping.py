"""The sheet at the end of a run: beside the outputs, and never a run's end."""

import asyncio
import logging
import re
from pathlib import Path

import pytest

from florist.campaigns.gaps import Gap
from florist.commands.gallery import gallery
from florist.gallery import read_sheet
from florist.gallery.keeping import SheetKeeper, keep_sheet, sheet_key
from florist.gallery.outcomes import PlannedCells
from florist.stores.errors import StoreDeniedError
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.gallery.imagined import Content, Imagined

# Where the suite has its S3 server already.
pytestmark = pytest.mark.xdist_group("stores")
LOG = logging.getLogger("test")
GIF = Content(
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
    "image/gif",
)


@pytest.fixture(params=["folder", "moto"])
def store(request: pytest.FixtureRequest, tmp_path) -> Store:
    return (
        FolderStore(tmp_path / "archive") if request.param == "folder" else request.getfixturevalue("moto").store()
    )


async def kept_page(store: Store, campaign: str = "spring") -> tuple[str, str]:
    key = await keep_sheet(store, await read_sheet(store, campaign))
    return key, (await store.read(key)).decode()


async def test_sheet_has_one_name_however_often_it_is_written(store):
    imagined = Imagined(store)
    await imagined.keep("sku-1", "still", GIF)
    first = await kept_page(store)
    await imagined.keep("sku-2", "still", GIF)
    second = await kept_page(store)
    assert first[0] == second[0] == "campaigns/spring/contact-sheet.html"
    assert ("sku-2" in first[1], "sku-2" in second[1]) == (False, True)


async def test_sheet_in_a_bucket_holds_no_signed_link(moto):
    imagined = Imagined(moto.store())
    await imagined.keep("sku-1", "still", GIF)
    _, page = await kept_page(imagined.store)
    assert re.findall(r"X-Amz-\w+", page) == []
    assert '"originals":["../../",""]' in page


class Undeletable(FolderStore):
    async def delete(self, *keys: str) -> None:
        raise StoreDeniedError("may not")


async def test_sheet_has_a_number_where_nothing_may_be_removed(tmp_path):
    store = Undeletable(tmp_path)
    imagined = Imagined(store)
    for number in range(3):
        await imagined.keep(f"sku-{number}", "still", GIF)
        key, _ = await kept_page(store)
    assert key == "campaigns/spring/contact-sheet-0002.html"


def test_campaigns_that_share_a_folder_have_a_sheet_each():
    keys = {sheet_key("spring"), sheet_key("spring!"), sheet_key("spring?"), sheet_key("spring", "winter")}
    assert len(keys) == 4
    assert {key.rpartition("/")[0] for key in keys} == {"campaigns/spring"}


async def ended(store: Store, caplog) -> str | None:
    imagined = Imagined(store)
    imagined.lack(Gap("sku-1", "still", "budget", False, "it does not fit", "raise the budget"))
    keeper = SheetKeeper()
    keeper._campaign, keeper._planned = "spring", PlannedCells(tuple(imagined.columns.values()))
    with caplog.at_level(logging.INFO):
        return await keeper.ended(store, await imagined.end(), LOG)


async def test_end_of_a_run_says_where_its_sheet_is(tmp_path, caplog):
    key = await ended(FolderStore(tmp_path), caplog)
    assert f"contact sheet: {tmp_path.as_uri()}/{key}" in caplog.messages


async def test_sheet_that_cannot_be_made_is_a_warning_and_no_error(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("florist.gallery.keeping.render_sheet", lambda *_, **__: 1 / 0)
    assert await ended(FolderStore(tmp_path), caplog) is None
    assert any("all outputs are kept" in message for message in caplog.messages)


@pytest.fixture
def made(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    asyncio.run(Imagined(FolderStore(tmp_path / "archive")).keep("sku-1", "still", GIF))
    return tmp_path


def test_command_writes_the_sheet_into_a_folder_archive(made, capsys):
    gallery("spring", archive="archive")
    assert Path(capsys.readouterr().out.strip()) == made / "archive/campaigns/spring/contact-sheet.html"


def test_command_writes_elsewhere_with_links_that_lead_back(made, capsys):
    gallery("spring", archive="archive", out=Path("looks/here/sheet.html"))
    page = (made / "looks/here/sheet.html").read_text()
    assert '"originals":["../../archive/",""]' in page


def test_command_signs_for_a_bucket_and_keeps_the_file_private(moto, tmp_path, monkeypatch, capsys):
    store = moto.store()
    asyncio.run(Imagined(store).keep("sku-1", "still", GIF))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("florist.commands.gallery.store_at", lambda _: store)
    gallery("spring", archive="s3://any")
    page = tmp_path / "spring-contact-sheet.html"
    assert page.stat().st_mode & 0o077 == 0
    assert "X-Amz-Signature" in page.read_text()
    assert "sees its pictures until" in capsys.readouterr().err
