"""A contact sheet of 1,000 rows × 4 cells in Chromium: its size, how fast it opens, how it scrolls, what it holds.

Every picture is another one, so that no cache helps, and every one is drawn on the way from top to end. Limits:
below 3 MB, open in under 2 s, no picture in the window that is not there a second after scrolling stopped, below
300 MB in the page's process at any time. They hold as Chromium draws on a machine with a graphics card and as it
does without one, where all pixels are the process's own; both are measured.

    python -m benchmarks.gallery_scale [--rows 1000] [--dpr 1] [--no-gpu | --gpu]
"""

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, ImageDraw

from florist.gallery import Sheet, SheetCell, SheetMedia, SheetRow, render_sheet
from florist.gallery.derivatives import Derivatives, preview_key
from florist.gallery.links import RelativeLinks
from florist.gallery.sheet import SheetColumn, SheetInput
from tests.browsers import CHROMIUM, FLAGS
from tests.gallery.imagined import SCENES, still

COLUMNS = ("still", "still@v2", "still@v3", "still@v4")
HTML_BYTES, OPEN_SECONDS, MEMORY_BYTES = 3_000_000, 2.0, 300_000_000
SIDE = 480
LIKE_A_GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-gpu-rasterization", "--ignore-gpu-blocklist")


def pictures(folder: Path, count: int) -> Iterator[str]:
    """Write so many different previews; yield the digests that they stand under."""
    bases = [Image.open(BytesIO(still(scene).data)).convert("RGB").resize((SIDE, SIDE)) for scene in SCENES]
    for number in range(count):
        picture = bases[number % len(bases)].copy()
        ImageDraw.Draw(picture).text((16, 16), f"{number:05d}", fill="white", font_size=40)
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        path = folder / preview_key(sha256)
        path.parent.mkdir(parents=True)
        picture.save(path, "WEBP", quality=80, method=0)
        yield sha256


def cell(row: str, name: str, sha256: str) -> SheetCell:
    key = f"campaigns/spring/{row}/{name}/{sha256[:20]}-0.png"
    media = SheetMedia(
        index=0, output_id="still", key=key, sha256=sha256, size_bytes=900_000, media_type="image/png"
    )
    prompt = f"The bottle of {row} on marble, soft light from the left, room for a headline above; take {name}"
    return SheetCell(
        row=row,
        cell=name,
        step="still",
        state="kept",
        technique="styled-still",
        run_id=f"run_{sha256[:20]}",
        charged_usd="0.12",
        price_usd="0.12",
        made_at=datetime(2027, 1, 15, tzinfo=UTC),
        media=(media,),
        inputs=(SheetInput(id="prompt", text=prompt),),
    )


def written(folder: Path, rows: int) -> Path:
    shas = list(pictures(folder, rows * len(COLUMNS)))
    left = iter(shas)
    keys = [f"sku-{number:04d}" for number in range(rows)]
    sheet = Sheet(
        campaign="spring",
        archive=folder.as_uri(),
        read_at=datetime.now(UTC),
        columns=tuple(SheetColumn(cell=name, step="still") for name in COLUMNS),
        rows=tuple(
            SheetRow(key=key, cells=tuple(cell(key, name, next(left)) for name in COLUMNS)) for key in keys
        ),
    )
    begun = time.perf_counter()
    page = render_sheet(sheet, links=RelativeLinks(Derivatives(previews=frozenset(shas))))
    print(f"rendered in {time.perf_counter() - begun:.2f} s: {len(page.encode()):,} bytes")
    path = folder / "sheet.html"
    path.write_text(page)
    return path


PIXELS_A_STOP = 1900
"""Less than the window and what is filled above and below it: no row is passed over."""
IN_WINDOW = """() => {
  const seen = [...document.querySelectorAll('.tile.is-picture')].filter((tile) => {
    const box = tile.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  });
  return [seen.length, seen.filter((tile) => tile.querySelector('canvas')?.width > 1).length];
}"""


def page_bytes() -> int:
    """Return the proportional memory of the page's process: the largest renderer below this one."""
    parents, renderers = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                renderers.append(int(folder.name))
    return max((_pss(each) for each in renderers if _is_below(each, parents)), default=0)


def _is_below(process: int, parents: dict[int, int]) -> bool:
    while process in parents and process != os.getpid():
        process = parents[process]
    return process == os.getpid()


def _pss(process: int) -> int:
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/smaps_rollup").read_text().split("\nPss:")[1].split()[0]) * 1024
    return 0


def asked_back(page: Any) -> int:
    """Tell Chromium that memory is short, and return what the page's process holds then."""
    page.context.new_cdp_session(page).send("Memory.simulatePressureNotification", {"level": "critical"})
    page.wait_for_timeout(1000)
    return page_bytes()


def measured(path: Path, rows: int, dpr: float, flags: tuple[str, ...]) -> bool:
    # Not everybody who imports the benchmarks has it.
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *flags])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, device_scale_factor=dpr)
        begun = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=yes]", state="attached")
        ready = time.perf_counter() - begun
        page.wait_for_function(f"() => {{ const [all, there] = ({IN_WINDOW})(); return all && all === there; }}")
        opened = time.perf_counter() - begun
        print(f"ready after {ready:.2f} s, its first window of pictures after {opened:.2f} s")
        dropped, most = scrolled(page)
        held = page_bytes()
        left = asked_back(page)
        elements = page.evaluate("document.querySelectorAll('*').length")
        page.fill("#search", f"sku-{rows - 1:04d}")
        print(f"scrolled through {rows:,} rows: {dropped} pictures were not there; {elements:,} elements")
        print(f"the page's process holds {held / 1e6:,.0f} MB, and held {most / 1e6:,.0f} at most;")
        print(f"{left / 1e6:,.0f} MB are left once the machine has asked for memory")
        return opened < OPEN_SECONDS and not dropped and most < MEMORY_BYTES


def scrolled(page: Any) -> tuple[int, int]:
    """Scroll from top to end; return how many pictures were missing where it stopped, and the most memory held."""
    dropped, most = 0, 0
    stops = max(5, page.evaluate(f"Math.ceil(scroller.scrollHeight / {PIXELS_A_STOP})"))
    for stop in range(1, stops + 1):
        is_looked_at = stop % (stops // 5) == 0 or stop == stops
        page.evaluate(f"scroller.scrollTop = scroller.scrollHeight * {stop / stops}")
        page.wait_for_timeout(1000 if is_looked_at else 120)
        if is_looked_at:
            seen, there = page.evaluate(IN_WINDOW)
            dropped += seen - there
        most = max(most, page_bytes())
    return dropped, most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--dpr", type=float, default=1)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--gpu", action="store_true")
    only.add_argument("--no-gpu", action="store_true")
    asked = parser.parse_args()
    modes = {"as with a graphics card": LIKE_A_GPU, "without a graphics card": ()}
    if asked.gpu or asked.no_gpu:
        modes.pop("without a graphics card" if asked.gpu else "as with a graphics card")
    with TemporaryDirectory() as folder:
        path = written(Path(folder), asked.rows)
        is_kept = path.stat().st_size < HTML_BYTES
        for name, flags in modes.items():
            print(f"{name}:")
            is_kept &= measured(path, asked.rows, asked.dpr, flags)
    print("kept" if is_kept else "MISSED")
    return not is_kept


if __name__ == "__main__":
    sys.exit(main())
