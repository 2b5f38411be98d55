"""Draw the README's picture from an archive of `product-launch`: python make_product_launch.py ARCHIVE."""

import sys
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont, ImageOps

SIDE, GAP, STRIP = 300, 70, 92
INK, PAPER, LINE = "#2b2b2b", "#ffffff", "#9a9a9a"


def main(archive: Path) -> None:
    """Write product-launch.png beside this script."""
    here = Path(__file__).parent
    found = {kind: next(archive.glob(f"campaigns/*/*/{kind}/*-0.*")) for kind in ("still", "caption", "film")}
    sheet = Image.new("RGB", (4 * SIDE + 3 * GAP, SIDE + STRIP), PAPER)
    draw = ImageDraw.Draw(sheet)
    tiles = (
        (Image.open(here.parents[1] / "pipelines/samples/packshot.png"), "packshot.png", "yours"),
        (Image.open(found["still"]), "styled-product-still", "$0.12"),
        (caption_tile(found["caption"].read_text().replace("×", "x")), "caption-writer", "$0.02"),
        (last_frame(found["film"]), "product-film", "$0.45"),
    )
    for place, (tile, name, price) in enumerate(tiles):
        left = place * (SIDE + GAP)
        sheet.paste(ImageOps.fit(tile.convert("RGB"), (SIDE, SIDE)), (left, 0))
        draw.text((left, SIDE + 12), name, INK, ImageFont.load_default(24))
        draw.text((left, SIDE + 46), price, LINE, ImageFont.load_default(22))
        if place in (1, 2):  # caption and film are both made from the still
            arrow(draw, left - GAP + 12, SIDE // 2)
    sheet.quantize(128).save(here / "product-launch.png", optimize=True)


def caption_tile(text: str) -> Image.Image:
    """Return a caption set as a card."""
    card = Image.new("RGB", (SIDE, SIDE), "#f4f1ec")
    draw, font, lines = ImageDraw.Draw(card), ImageFont.load_default(24), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font) > SIDE - 48:
            lines.append(word)
        else:
            lines[-1] = longer
    draw.multiline_text((24, 40), "\n".join(lines), INK, font, spacing=10)
    return card


def last_frame(film: Path) -> Image.Image:
    """Return the last frame of a film."""
    with av.open(str(film)) as container:
        *_, last = container.decode(video=0)
        return last.to_image()


def arrow(draw: ImageDraw.ImageDraw, left: int, middle: int) -> None:
    """Draw an arrow between two tiles."""
    right = left + GAP - 24
    draw.line((left, middle, right, middle), LINE, 3)
    draw.polygon(((right, middle - 7), (right + 12, middle), (right, middle + 7)), LINE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
