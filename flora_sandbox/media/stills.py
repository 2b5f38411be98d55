"""Recipes that make pictures."""

from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from flora_sandbox.media.content import Inputs, Made, text_of
from flora_sandbox.media.lettering import font, shortened, sign
from flora_sandbox.media.palette import Rgb, mixed, mood_of
from flora_sandbox.media.pictures import MAX_SIDE, picture_made, picture_of
from flora_sandbox.media.scenery import Size, backdrop, gradient, scene
from flora_sandbox.media.subject import matte_of, pinned, stand

RATIOS: dict[str, Size] = {
    "1:1": (1024, 1024),
    "4:3": (1024, 768),
    "3:4": (768, 1024),
    "16:9": (1024, 576),
    "9:16": (576, 1024),
}
"""The sizes a picture made from words alone can have; another ratio falls back to the first."""

VARIATIONS = ("marble studio", "golden hour", "botanical garden")
"""The backdrops of `variations`, in the order of its outputs."""


def scene_still(inputs: Inputs, chance: Random) -> list[Made]:
    """Paint a prompt: text → image."""
    prompt = text_of(inputs, "prompt")
    size = RATIOS.get(text_of(inputs, "aspect_ratio"), RATIOS["1:1"])
    picture = scene(prompt, size, chance)
    sign(picture, prompt)
    return [picture_made("image", picture)]


def styled_still(inputs: Inputs, chance: Random) -> list[Made]:
    """Set a product before a backdrop painted from a prompt: image (and text) → image."""
    prompt = text_of(inputs, "prompt", VARIATIONS[0])
    picture = styled(picture_of(inputs, "product_image"), prompt, chance)
    sign(picture, prompt)
    return [picture_made("still", picture)]


def product_in_scene(inputs: Inputs, _: Random) -> list[Made]:
    """Set the product of one picture into another: two images → image."""
    product = picture_of(inputs, "product_image")
    place = ImageOps.fit(picture_of(inputs, "scene_image"), product.size, Image.Resampling.LANCZOS)
    ground = place.filter(ImageFilter.GaussianBlur(min(place.size) / 200))
    return [picture_made("image", _placed(product, ground, shade=(24, 20, 22)))]


def variations(inputs: Inputs, chance: Random) -> list[Made]:
    """Set a product before three backdrops: image → three images."""
    product = picture_of(inputs, "product_image")
    return [
        picture_made(f"variation_{number}", styled(product, prompt, chance))
        for number, prompt in enumerate(VARIATIONS, start=1)
    ]


def square_crop(inputs: Inputs, _: Random) -> list[Made]:
    """Cut the middle square out of a picture: image → image."""
    picture = picture_of(inputs, "image")
    side = min(picture.size)
    return [picture_made("square", ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))]


def upscale(inputs: Inputs, _: Random) -> list[Made]:
    """Double a picture's sides and sharpen it: image → image."""
    picture = picture_of(inputs, "image")
    larger = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)
    return [picture_made("image", ImageEnhance.Sharpness(larger).enhance(1.4))]


def portrait(inputs: Inputs, chance: Random) -> list[Made]:
    """Hang an element's picture in a studio: image → image."""
    picture = picture_of(inputs, "element")
    ground = backdrop("studio", picture.size, chance)
    return [picture_made("portrait", pinned(picture, ground, shade=(60, 56, 52)))]


def cctv(inputs: Inputs, chance: Random) -> list[Made]:
    """Show a picture as a surveillance camera would: image → image."""
    picture = picture_of(inputs, "input_image")
    width, height = picture.size
    coarse = picture.resize((max(1, width // 3), max(1, height // 3)), Image.Resampling.BILINEAR)
    grey = ImageChops.add(
        ImageOps.autocontrast(coarse.convert("L"), cutoff=1), _grain(coarse.size, chance), 1, -14
    )
    screen = ImageOps.colorize(grey, (6, 12, 12), (214, 228, 214), mid=(92, 110, 100)).resize(picture.size)
    lines = Image.frombytes("L", (1, 4), bytes((255, 255, 205, 205)))
    striped = Image.new("L", (1, height))
    for top in range(0, height, lines.height):
        striped.paste(lines, (0, top))
    corners = Image.radial_gradient("L").point([255 - value * 5 // 8 for value in range(256)])
    shading = ImageChops.multiply(striped.resize(picture.size), corners.resize(picture.size))
    screen = ImageChops.multiply(screen, shading.convert("RGB"))
    _burn_in(screen, chance)
    return [picture_made("image", screen)]


def styled(picture: Image.Image, prompt: str, chance: Random) -> Image.Image:
    """Return the picture's subject before a backdrop from the prompt; a scene is hung up whole, as a print."""
    mood = mood_of(prompt)
    ground = backdrop(prompt, picture.size, chance)
    matte = matte_of(picture)
    shade = mixed(mood.ground, (0, 0, 0), 0.72)
    if matte is None:
        return pinned(picture, ground, shade=shade)
    if mood.scenery != "studio":
        _lay_table(ground, matte, mixed(mood.ground, mood.light, 0.34), mixed(mood.ground, (0, 0, 0), 0.2))
    return stand(picture, matte, ground, shade=shade)


def _placed(picture: Image.Image, ground: Image.Image, *, shade: Rgb) -> Image.Image:
    matte = matte_of(picture)
    return pinned(picture, ground, shade=shade) if matte is None else stand(picture, matte, ground, shade=shade)


def _lay_table(ground: Image.Image, matte: Image.Image, far: Rgb, near: Rgb) -> None:
    """Give the subject something to stand on before an open landscape."""
    box = matte.getbbox()
    edge = round((box[3] if box else ground.height) - ground.height * 0.075)
    if 0 < edge < ground.height:
        ground.paste(gradient((ground.width, ground.height - edge), far, near), (0, edge))


def _grain(size: Size, chance: Random) -> Image.Image:
    """Return noise from our own source; Pillow's cannot be seeded."""
    noise = Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))
    return noise.point([value // 9 for value in range(256)])


def _burn_in(screen: Image.Image, chance: Random) -> None:
    if min(screen.size) < MAX_SIDE // 8:
        return
    size = max(12, screen.width // 44)
    draw = ImageDraw.Draw(screen)
    camera = f"CAM {chance.randint(1, 16):02d}"
    moment = f"{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:{chance.randint(0, 59):02d}"
    ink = (232, 240, 228)
    draw.text((size, size), shortened(f"{camera}   {moment}", 40), font=font(size), fill=ink)
    right, top = screen.width - size * 5, size
    draw.ellipse((right, top + size * 0.2, right + size * 0.8, top + size), fill=(196, 60, 52))
    draw.text((right + size * 1.2, top), "REC", font=font(size), fill=ink)
