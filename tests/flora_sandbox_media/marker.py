"""A marker to plant in a picture and to find again in the pictures and films made of it.

A checker of two by two fields in pure magenta and pure green: colours no recipe paints with, in a size that
survives scaling to half and the coarse colour resolution of a film.
"""

from PIL import Image, ImageChops, ImageDraw, ImageStat

SIDE = 48
MAGENTA = (255, 0, 255)
GREEN = (0, 255, 0)

FEWEST_PIXELS = 64
"""Below this a find would be chance."""


def plant(image: Image.Image) -> Image.Image:
    """Return the picture with the marker in it, below its middle, where a packshot shows the product."""
    marked = image.convert("RGB")
    left, top = (marked.width - SIDE) // 2, marked.height * 3 // 5 - SIDE // 2
    draw = ImageDraw.Draw(marked)
    half = SIDE // 2
    for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
        corner = left + column * half, top + row * half
        draw.rectangle((*corner, corner[0] + half - 1, corner[1] + half - 1), fill=(MAGENTA, GREEN)[column ^ row])
    return marked


def find(image: Image.Image) -> bool:
    """Tell whether the marker is in the picture; what a codec does to its colours and edges is allowed for."""
    red, green, blue = image.convert("RGB").split()
    magenta = _all(_at_least(red, 150), _at_most(green, 110), _at_least(blue, 150))
    leaf = _all(_at_most(red, 110), _at_least(green, 150), _at_most(blue, 110))
    box = ImageChops.lighter(magenta, leaf).getbbox()
    if box is None or (box[2] - box[0]) * (box[3] - box[1]) < FEWEST_PIXELS:
        return False
    fields = [_share(mask, _quarter(box, place)) for place, mask in enumerate((magenta, leaf, leaf, magenta))]
    return min(fields) > 0.6


def _at_least(band: Image.Image, least: int) -> Image.Image:
    return band.point([255 if value >= least else 0 for value in range(256)])


def _at_most(band: Image.Image, most: int) -> Image.Image:
    return band.point([255 if value <= most else 0 for value in range(256)])


def _all(first: Image.Image, second: Image.Image, third: Image.Image) -> Image.Image:
    return ImageChops.darker(ImageChops.darker(first, second), third)


def _quarter(box: tuple[int, int, int, int], place: int) -> tuple[int, int, int, int]:
    column, row = place % 2, place // 2
    wide, high = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    left, top = box[0] + column * wide, box[1] + row * high
    return round(left), round(top), round(left + wide), round(top + high)


def _share(mask: Image.Image, box: tuple[int, int, int, int]) -> float:
    return ImageStat.Stat(mask.crop(box)).mean[0] / 255
