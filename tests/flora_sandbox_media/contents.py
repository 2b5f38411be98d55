"""Values for the inputs of recipes and actions."""

from io import BytesIO

from PIL import Image

from flora_sandbox.media import InputContent


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def image_input(data: bytes) -> InputContent:
    return InputContent("imageUrl", data=data, media_type="image/png")


def text_input(text: str) -> InputContent:
    return InputContent("text", text=text)
