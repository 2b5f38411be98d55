"""A product cut out of its plain backdrop and set before another one, its own pixels unchanged.

The subject is never recoloured and stays where it was, at its size: what a picture holds can be found again
in the pictures made of it.
"""

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

from flora_sandbox.media.palette import Rgb

SMALL = 192
"""The side at which the backdrop is traced: Pillow's flood fill is pure Python and slow on more pixels."""

STANDS_OUT = 38
"""From here on a pixel is no backdrop. A soft shadow darkens less than this, a subject mostly more."""

CORNERS_APART = 48
"""Corners further apart than this (in one of their colours) belong to a scene, not to a plain backdrop."""

RIM_STRAYS = 0.04
"""The share of the rim that may stand out: a subject may be cut by the rim, but not much."""


def matte_of(picture: Image.Image) -> Image.Image | None:
    """Return the mask of what stands before a plain backdrop, or None where no plain backdrop is seen."""
    corners = _corners(picture)
    if any(high - low > CORNERS_APART for low, high in ImageStat.Stat(corners).extrema):
        return None
    contrast = _contrast(picture, corners)
    small = contrast.resize((SMALL, SMALL), Image.Resampling.BILINEAR)
    solid = _without_backdrop(small)
    if _rim_share(solid) > RIM_STRAYS:
        return None
    share = ImageStat.Stat(solid).mean[0] / 255
    if not 0.01 < share < 0.8:
        return None
    core = _enlarged(solid.filter(ImageFilter.MinFilter(3)), picture.size)
    around = _enlarged(solid.filter(ImageFilter.MaxFilter(3)), picture.size)
    edge = contrast.point([255 if value >= STANDS_OUT else 0 for value in range(256)])
    matte = ImageChops.lighter(core, ImageChops.darker(around, edge))
    # One pixel less: the outermost holds light of the old backdrop. Then softer: the edge is hard so far.
    return matte.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(0.8))


def stand(picture: Image.Image, matte: Image.Image, ground: Image.Image, *, shade: Rgb) -> Image.Image:
    """Return the subject standing on `ground`, a picture of the same size, with shadow and reflection."""
    box = matte.getbbox() or (0, 0, *picture.size)
    composed = ground.copy()
    _reflect(composed, picture, matte, box)
    composed.paste(shade, mask=_shadow(picture.size, box))
    composed.paste(picture, mask=matte)
    return composed


def pinned(picture: Image.Image, ground: Image.Image, *, shade: Rgb) -> Image.Image:
    """Return the whole picture as a print before `ground`, a picture of the same size, 18/25 as large."""
    width, height = picture.size
    print_size = max(1, width * 18 // 25), max(1, height * 18 // 25)
    border = max(1, min(print_size) // 32)
    card = ImageOps.expand(picture.resize(print_size, Image.Resampling.LANCZOS), border, (250, 249, 246))
    left, top = (width - card.width) // 2, (height - card.height) // 2
    shadow = Image.new("L", picture.size)
    drop = border
    ImageDraw.Draw(shadow).rectangle(
        (left + drop, top + drop * 2, left + card.width + drop, top + card.height + drop), fill=130
    )
    composed = ground.copy()
    composed.paste(shade, mask=shadow.filter(ImageFilter.GaussianBlur(border * 0.9)))
    composed.paste(card, (left, top))
    return composed


def _corners(picture: Image.Image) -> Image.Image:
    """Return the colours of the four corners as a picture of four pixels."""
    width, height = picture.size
    patch = max(1, min(picture.size) // 24)
    corners = Image.new("RGB", (2, 2))
    for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
        left, top = column * (width - patch), row * (height - patch)
        red, green, blue = ImageStat.Stat(picture.crop((left, top, left + patch, top + patch))).mean
        corners.putpixel((column, row), (round(red), round(green), round(blue)))
    return corners


def _contrast(picture: Image.Image, corners: Image.Image) -> Image.Image:
    """Return how far each pixel is from the backdrop that the four corners suggest; colour counts double."""
    model = corners.resize(picture.size, Image.Resampling.BILINEAR)
    bright, blue, red = ImageChops.difference(picture.convert("YCbCr"), model.convert("YCbCr")).split()
    colour = ImageChops.lighter(blue, red)
    return ImageChops.lighter(bright, ImageChops.add(colour, colour))


def _rim_share(solid: Image.Image) -> float:
    rim = Image.new("L", solid.size, 255)
    ImageDraw.Draw(rim).rectangle((2, 2, solid.width - 3, solid.height - 3), fill=0)
    return ImageStat.Stat(solid, rim).mean[0] / 255


def _without_backdrop(small: Image.Image) -> Image.Image:
    """Return all but what is like the backdrop and connected with the rim: a light label stays."""
    solid = small.point([255 if value >= STANDS_OUT else 0 for value in range(256)])
    framed = ImageOps.expand(solid, 1, 0)
    ImageDraw.floodfill(framed, (0, 0), 128)
    solid = ImageOps.crop(framed, 1).point([0 if value == 128 else 255 for value in range(256)])
    # Closing cracks: a reflection at the subject's edge may be as bright as the backdrop.
    return solid.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MinFilter(3))


def _enlarged(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    return mask.resize(size, Image.Resampling.BILINEAR).point([255 if value >= 128 else 0 for value in range(256)])


def _shadow(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    left, _, right, foot = box
    wide, low = (right - left) * 0.62, max(2.0, (right - left) * 0.055)
    middle = (left + right) / 2
    # Drawn at a quarter of the size: it is blurred anyway, and blurring is what takes the time.
    quarter = Image.new("L", (max(1, size[0] // 4), max(1, size[1] // 4)))
    draw = ImageDraw.Draw(quarter)
    soft = [(middle - wide) / 4, (foot - low * 1.6) / 4, (middle + wide * 1.15) / 4, (foot + low * 1.9) / 4]
    close = [(left + low) / 4, (foot - low * 0.8) / 4, (right - low) / 4, (foot + low * 0.7) / 4]
    draw.ellipse(soft, fill=95)
    draw.ellipse(close, fill=190)
    return quarter.filter(ImageFilter.GaussianBlur(low / 8)).resize(size, Image.Resampling.BICUBIC)


def _reflect(
    composed: Image.Image, picture: Image.Image, matte: Image.Image, box: tuple[int, int, int, int]
) -> None:
    left, top, right, foot = box
    tall = min((foot - top) // 3, picture.height - foot)
    if tall < 4:
        return
    part = (left, foot - tall, right, foot)
    mirrored = ImageOps.flip(picture.crop(part))
    fade = ImageOps.flip(Image.linear_gradient("L")).resize(mirrored.size).point([v // 5 for v in range(256)])
    composed.paste(mirrored, (left, foot), ImageChops.multiply(ImageOps.flip(matte.crop(part)), fade))
