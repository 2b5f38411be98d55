"""Small pictures inside an artifact: as `data:` addresses, which outlive every signed URL.

Prefect's UI shows them in Markdown. They stand in its database, so there are few of them, each of some kilobytes.
"""

import asyncio
import base64
import io
from typing import NamedTuple

from florist.archive.side_by_side import side_by_side
from florist.campaigns.endings import CampaignResult, KeptOutput
from florist.errors import FloristError
from florist.media_types import EXTENSIONS
from florist.stores.store import Store

try:
    from PIL import Image
except ImportError:  # optional: a report then has the link alone
    Image = None  # type: ignore[assignment]

PREVIEWS_AT_MOST = 12
DRAWN_AT_ONCE = 2
"""Each takes up to a quarter of a gigabyte while it is decoded."""
SIDE = 240
"""Pixels of the longer side: 3 to 12 kB of WebP."""
QUALITY = 65
LARGEST_BYTES = 24 * 1024 * 1024
"""Of a picture that is read for one; the sheet shows those beyond."""
LARGEST_PIXELS = 50_000_000
_PICTURES = tuple(extension for name, extension in EXTENSIONS.items() if name.startswith("image/"))
WITHOUT_PILLOW = "Previews need Pillow, which is not installed here: pip install pillow."


class Preview(NamedTuple):
    """A small picture.

    Attributes:
        label: of the cell that it was made by.
        address: `data:image/webp;base64,…`
    """

    label: str
    address: str


async def previews_of(store: Store, result: CampaignResult) -> list[Preview]:
    """Return small pictures of what was made: the first of each row, or all of a pipeline that was run once.

    What cannot be read or drawn is left out: it is what people see, not what is kept.
    """
    if Image is None:
        return []
    wanted = _pictures(result)[:PREVIEWS_AT_MOST]
    drawn: dict[int, Preview] = {}

    async def draw(place: int) -> None:
        if (preview := await _drawn(store, *wanted[place])) is not None:
            drawn[place] = preview

    await side_by_side(range(len(wanted)), draw, at_once=DRAWN_AT_ONCE)
    return [drawn[place] for place in sorted(drawn)]


def has_pillow() -> bool:
    """Whether previews can be drawn at all."""
    return Image is not None


def _pictures(result: CampaignResult) -> list[tuple[str, KeptOutput]]:
    found: dict[str, tuple[str, KeptOutput]] = {}
    for made in result.made.values():
        for output in made.outputs:
            if output.key.rpartition(".")[2] in _PICTURES and output.size_bytes <= LARGEST_BYTES:
                found.setdefault(made.row or output.key, (made.label, output))
    return list(found.values())


async def _drawn(store: Store, label: str, output: KeptOutput) -> Preview | None:
    try:
        data = await store.read(output.key)
        return None if data is None else Preview(label, await asyncio.to_thread(_webp, data))
    except (FloristError, OSError, SyntaxError, ValueError):  # Pillow's words for what is no picture
        return None


def _webp(data: bytes) -> str:
    small = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width * picture.height > LARGEST_PIXELS:
            raise ValueError("too large to be drawn")
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded no larger than needed
        drawn = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    drawn.thumbnail((SIDE, SIDE))
    drawn.save(small, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(small.getvalue()).decode()
