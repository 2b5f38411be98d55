"""The grid draws its pictures anew when the window changes, and loses none of them if much happens meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from florist.gallery import read_sheet
from florist.gallery.keeping import keep_sheet
from florist.stores.folder import FolderStore
from tests.browsers import needs_chromium
from tests.gallery.conftest import in_own_thread
from tests.gallery.imagined import Imagined, still

pytestmark = [needs_chromium, pytest.mark.xdist_group("browser")]

ROWS = 40
HOLDABLE = """() => {
  const real = createImageBitmap;
  window.held = [];
  const later = (given) => new Promise((go) => held.push(() => go(real(...given))));
  window.createImageBitmap = (...given) => window.isHolding ? later(given) : real(...given);
}"""
IN_WINDOW = """[...document.querySelectorAll('.tile.is-picture')].filter((tile) => {
  const box = tile.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
})"""
SHOWN = (
    f"{IN_WINDOW}.map((tile) => [...tile.querySelectorAll('canvas')].filter((canvas) => canvas.width > 0).length)"
)
ALL_SHOWN = f"() => {{ const shown = {SHOWN}; return shown.length > 0 && shown.every((count) => count === 1); }}"


@pytest.fixture(scope="module")
def long_sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = FolderStore(tmp_path_factory.mktemp("long") / "archive")
    content = still("a bottle on marble")

    async def make() -> str:
        imagined = Imagined(store)
        for number in range(ROWS):
            await imagined.keep(f"sku-{number:03}", "still", content)
        return await keep_sheet(store, await read_sheet(store, "spring"))

    return store.path / in_own_thread(make)


@pytest.fixture
def page(long_sheet, sheet_page) -> Any:
    """The sheet with all pictures of its window drawn; from `isHolding` on bitmaps are held back."""
    page = sheet_page.open(long_sheet)
    page.wait_for_function(ALL_SHOWN)
    page.evaluate(HOLDABLE)
    return page


def resized(page: Any, held: int) -> None:
    """Change the window, and wait until so many pictures that are drawn anew are held back."""
    page.evaluate("() => { isHolding = true; dispatchEvent(new Event('resize')); }")
    page.wait_for_function("count => held.length >= count", arg=held)


def released(page: Any) -> list[int]:
    """Let them go on; return how many pictures each tile in the window shows, once nothing goes on any more."""
    page.evaluate("() => { isHolding = false; held.splice(0).forEach((go) => go()); }")
    page.wait_for_timeout(300)  # that nothing is taken away is seen by waiting alone
    return page.evaluate(SHOWN)


def test_pictures_stay_though_rows_that_were_being_redrawn_have_left_the_window(page):
    resized(page, 1)
    page.evaluate("() => { isHolding = false; [...document.querySelectorAll('.row')].at(-1).scrollIntoView(); }")
    page.wait_for_function(ALL_SHOWN)
    assert set(released(page)) == {1}


def test_window_that_changes_again_while_pictures_are_redrawn_leaves_one_in_each_tile(page):
    resized(page, 1)
    at_once = page.evaluate("held.length")
    resized(page, at_once + 1)
    assert set(released(page)) == {1}
