"""Makes the screenshots of docs/gallery.md with Chromium, of campaigns that the sandbox has drawn.

    python -m docs.screenshots_gallery [FOLDER]

Needs Debian's package chromium and the Python package playwright. What it writes is looked at before it is kept.
"""

import asyncio
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from PIL import Image

from florist.gallery import Sheet, SheetCell, read_sheet, render_sheet
from florist.gallery.derivatives import make_derivatives
from florist.gallery.links import RelativeLinks
from florist.gallery.sheet import SheetGate
from florist.gallery.states import awaiting
from florist.stores.folder import FolderStore
from tests.browsers import open_browser
from tests.gallery.imagined import Imagined, product_campaign

IMAGES = Path(__file__).parent / "images"
PLACE = "s3://flowers/archive"
"""Shown instead of a temporary folder."""
BYTES_AT_MOST = 150_000
DESKTOP, PHONE = (1280, 800), (390, 780)


class Shot(NamedTuple):
    """One screenshot: of a sheet, in some window, after some keys."""

    name: str
    sheet: str
    size: tuple[int, int] = DESKTOP
    scheme: str = "light"
    keys: tuple[str, ...] = ()


SHOTS = (
    Shot("gallery", "spring"),
    Shot("gallery-dark", "autumn", scheme="dark"),
    Shot("gallery-details", "spring", keys=("ArrowRight", "ArrowRight", "ArrowRight", "i")),
    Shot("gallery-review", "review", scheme="dark", keys=("p", "x", "3", "p")),
    Shot("gallery-compare", "spring", scheme="dark", keys=("ArrowDown", "c", "+", "+", "ArrowRight", "4")),
    Shot("gallery-against", "against"),
    Shot("gallery-phone", "spring", PHONE),
    Shot("gallery-phone-dark", "autumn", PHONE, "dark"),
    Shot("gallery-empty", "empty"),
    Shot("gallery-large", "large", keys=("PageDown", "PageDown")),
)


async def write_sheets(folder: Path) -> None:
    """Write a page for each campaign into the folder of an archive."""
    store = FolderStore(folder)
    await product_campaign(store, 10)
    await product_campaign(store, 10, campaign="autumn", failing=True, shift=2)
    await Imagined(store, "empty").end()
    kept = {name: await read_sheet(store, name) for name in ("spring", "autumn", "empty")}
    kept["against"] = await read_sheet(store, "spring", against="autumn")
    kept["large"] = a_thousand_rows(kept["spring"])
    kept["review"] = in_review(kept["spring"])
    for name, sheet in kept.items():
        links = RelativeLinks(await make_derivatives(store, sheet))
        shown = sheet.model_copy(update={"archive": PLACE})
        (folder / f"{name}.html").write_text(render_sheet(shown, links=links), encoding="utf-8")


def a_thousand_rows(sheet: Sheet) -> Sheet:
    """Return the sheet with its rows a hundred times."""
    rows = [
        row.model_copy(update={"key": f"{row.key.partition('-')[0]}-{again * len(sheet.rows) + place + 1:04d}"})
        for again in range(100)
        for place, row in enumerate(sheet.rows)
    ]
    return sheet.model_copy(update={"campaign": "every flower", "rows": tuple(rows), "ended": ""})


def in_review(sheet: Sheet) -> Sheet:
    """Return the sheet as it stood while its stills were to be picked."""
    gate = SheetGate(step="still", pick_min=1, pick_max=1)
    rows = (
        row.model_copy(update={"gate": gate, "cells": tuple(map(_before_the_pick, row.cells))})
        for row in sheet.rows
    )
    ended = "0 of 10 rows, $2.60 of $9.10; 10 of 10 rows wait for a pick"
    return sheet.model_copy(update={"rows": tuple(rows), "ended": ended})


def _before_the_pick(cell: SheetCell) -> SheetCell:
    if cell.step not in ("film", "page"):
        return cell
    state, reason, message, advice = awaiting("still", is_picked=False)
    told = {"state": state, "reason": reason, "message": message, "advice": advice.replace("CAMPAIGN", "spring")}
    return cell.model_copy(update={**told, "media": (), "charged_usd": None})


def take(browser: Any, folder: Path, shot: Shot) -> bytes:
    """Return a screenshot as WebP."""
    context = browser.new_context(
        viewport=dict(zip(("width", "height"), shot.size, strict=True)), color_scheme=shot.scheme
    )
    page = context.new_page()
    page.goto((folder / f"{shot.sheet}.html").as_uri())
    page.wait_for_selector("html[data-ready=yes]", state="attached")
    for key in shot.keys:
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.wait_for_timeout(1000)
    picture = Image.open(BytesIO(page.screenshot()))
    context.close()
    return _webp(picture)


def _webp(picture: Image.Image) -> bytes:
    for quality in (88, 80, 70, 60):
        file = BytesIO()
        picture.save(file, "WEBP", quality=quality, method=6)
        if file.tell() < BYTES_AT_MOST:
            break
    return file.getvalue()


def main(images: Path = IMAGES) -> None:
    """Make all of them."""
    images.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(write_sheets(folder))
        with open_browser() as browser:
            for shot in SHOTS:
                (images / f"{shot.name}.webp").write_bytes(take(browser, folder, shot))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
