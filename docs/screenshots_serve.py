"""Makes the screenshots of docs/serve.md with Chromium, of campaigns that the sandbox has drawn.

    python -m docs.screenshots_serve [FOLDER]

Needs what `docs.screenshots_gallery` needs. What it writes is looked at before it is kept.
"""

import asyncio
import sys
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from PIL import Image

from docs.screenshots_gallery import IMAGES
from docs.screenshots_gallery import _webp as webp
from florist.campaigns.plan.campaign_plan import FileFacts, Materials, Totals
from florist.campaigns.plan.keys import plans_folder
from florist.campaigns.plan.records import PlanRecord
from florist.gallery import make_derivatives, read_sheet
from florist.stores.folder import FolderStore
from florist.studio.campaigns import Campaigns
from tests.browsers import open_browser
from tests.gallery.imagined import FLOWERS, NOON, SCENES, Imagined, product_campaign, still
from tests.serving.world import TOKENS, served

PLACE = "s3://flowers/archive"
"""Shown instead of a temporary folder."""
LIGHT, DARK = "light", "dark"
DROP = """async () => {
  const given = new DataTransfer();
  for (const [name, hue] of [["amaryllis.png", 350], ["bottle, wet.png", 200]]) {
    const canvas = new OffscreenCanvas(200, 200);
    const pen = canvas.getContext("2d");
    const light = pen.createLinearGradient(0, 0, 200, 200);
    light.addColorStop(0, `hsl(${hue} 60% 78%)`);
    light.addColorStop(1, `hsl(${hue} 45% 42%)`);
    pen.fillStyle = light;
    pen.fillRect(0, 0, 200, 200);
    given.items.add(new File([await canvas.convertToBlob()], name));
  }
  given.items.add(new File(["<svg xmlns='http://www.w3.org/2000/svg'/>"], "logo.svg"));
  dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


class Shot(NamedTuple):
    """One screenshot: of a page, in some window."""

    name: str
    path: str
    scheme: str = LIGHT
    size: tuple[int, int] = (1000, 460)
    script: str = ""


SHOTS = (
    Shot("serve", "/"),
    Shot("serve-dark", "/", DARK),
    Shot("serve-uploads", "/uploads", LIGHT, (1000, 460), DROP),
)


NIGHTS = ((Decimal("0.60"), 4), (Decimal("0.90"), 6), (Decimal("0.40"), 5), (Decimal("0.80"), 8))
"""What was planned for each night, and how many stills were made."""


async def make_archive(store: FolderStore) -> None:
    """Make an archive of three campaigns, one of them of several nights."""
    await product_campaign(store, 8, campaign="autumn", failing=True, shift=2)
    await product_campaign(store, 6, campaign="gift boxes", shift=1)
    await _nightly(store, "window displays")
    for name in ("gift boxes", "autumn", "window displays"):
        await Campaigns(store).begin(name)
        await make_derivatives(store, await read_sheet(store, name))


async def _nightly(store: FolderStore, name: str) -> None:
    campaign = Imagined(store, name)
    for night, (planned_usd, stills) in enumerate(NIGHTS):
        campaign.now = NOON + timedelta(days=night)
        record = PlanRecord(
            campaign=name,
            made_at=campaign.now,
            purpose="run",
            pipeline="window-display",
            materials=Materials(pipeline=FileFacts(location="window-display.yaml", sha256="")),
            totals=Totals.of(()).model_copy(update={"net_usd": planned_usd}),
        )
        await store.create(f"{plans_folder(name)}{night:04d}.json", record.model_dump_json().encode())
        for number in range(stills):
            words = f"{FLOWERS[(night + number) % len(FLOWERS)]}, {SCENES[number % len(SCENES)]}"
            await campaign.keep(f"{night + 1}-{number + 1}", "still", still(words, seed=10 * night + number))
    await campaign.end("window-display")


def take(browser: Any, base_url: str, shot: Shot) -> bytes:
    """Return a screenshot as WebP."""
    width, height = shot.size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=shot.scheme)
    page = context.new_page()
    page.goto(f"{base_url}{shot.path}?token={TOKENS['Bob']}")
    if shot.script:
        page.evaluate(shot.script)
        page.wait_for_selector(".is-bad")
    page.wait_for_timeout(2500)
    if shot.path == "/":
        page.locator(".heading bdi").evaluate("(shown, place) => (shown.textContent = place)", PLACE)
    picture = Image.open(BytesIO(page.screenshot()))
    context.close()
    return webp(picture)


def main(images: Path = IMAGES) -> None:
    """Make all of them."""
    with TemporaryDirectory() as name:
        store = FolderStore(name)
        asyncio.run(make_archive(store))
        with served(store) as server, open_browser() as browser:
            for shot in SHOTS:
                (images / f"{shot.name}.webp").write_bytes(take(browser, server.base_url, shot))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
