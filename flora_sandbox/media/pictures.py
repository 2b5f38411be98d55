"""Pictures to and from bytes."""

from io import BytesIO

from PIL import Image, ImageOps

from flora_sandbox.media.content import Inputs, Made, UnreadableInputError, data_of

MAX_SIDE = 1024
"""The longest side a recipe works on, and mostly the longest it returns: what keeps a render under 300 ms."""

MAX_PIXELS = 50_000_000
"""More is refused unread: 150 MB of memory for one input is the most a laptop's sandbox should take."""

FAST_PNG = 3
"""zlib's level for outputs: 6 takes three times as long on a megapixel, for a tenth less."""


def picture_of(inputs: Inputs, input_id: str, *, max_side: int | None = MAX_SIDE) -> Image.Image:
    """Return the picture an input holds as RGB, upright and, where larger, scaled down to `max_side`."""
    data = data_of(inputs, input_id)
    try:
        with Image.open(BytesIO(data)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise UnreadableInputError(f"The input `{input_id}` has more than {MAX_PIXELS} pixels.")
            picture = flattened(ImageOps.exif_transpose(opened))
    # Pillow reports broken files by any of these, depending on the format and on what is broken.
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise UnreadableInputError(f"The input `{input_id}` is not a readable picture: {error}") from error
    if max_side is not None and max(picture.size) > max_side:
        picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return picture


def flattened(picture: Image.Image) -> Image.Image:
    """Return the picture as RGB; what was transparent becomes white."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(ground, layered).convert("RGB")


def picture_made(output_id: str, picture: Image.Image) -> Made:
    """Return a picture as a PNG output."""
    return Made(output_id, "imageUrl", png(picture), "image/png", "png")


def png(picture: Image.Image) -> bytes:
    """Return the picture as the bytes of a PNG."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=FAST_PNG)
    return buffer.getvalue()
