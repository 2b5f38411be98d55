"""Draw the packshots of `products.csv`: the sample bottle in glass of 24 colours.

Run it as `python examples/images/make_images.py [FOLDER]`; it draws the same bytes every time.
"""

import sys
from pathlib import Path

from PIL import Image

BOTTLE = Path(__file__).parents[2] / "pipelines/samples/packshot.png"
PRODUCTS = 24
SIDE = 320
COLOURS = 96


def packshot(number: int) -> Image.Image:
    """Return the bottle with its glass turned around the colour wheel; paper and label are too pale to show it."""
    small = Image.open(BOTTLE).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    hue, saturation, value = small.convert("HSV").split()
    turned = hue.point([(place + number * 256 // PRODUCTS) % 256 for place in range(256)])
    picture = Image.merge("HSV", (turned, saturation, value)).convert("RGB")
    return picture.quantize(COLOURS, dither=Image.Dither.NONE)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for product in range(1, PRODUCTS + 1):
        packshot(product).save(folder / f"V-{product:03}.png", optimize=True)
