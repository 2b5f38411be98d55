"""Recipes that make documents."""

from io import BytesIO
from random import Random

from PIL import Image

from flora_sandbox.media.content import Inputs, Made, text_of
from flora_sandbox.media.lettering import shortened
from flora_sandbox.media.pictures import picture_of
from flora_sandbox.media.words import caption_of

PAGE = (595, 842)
"""A4 in points."""

MARGIN = 48
LINE_LENGTH = 84


def look_book_page(inputs: Inputs, _: Random) -> list[Made]:
    """Lay a picture out on a page with a title and a caption: image (and text) → document."""
    picture = picture_of(inputs, "image")
    title = text_of(inputs, "title", "Look book")
    return [Made("document", "documentUrl", pdf(picture, title, caption_of(picture)), "application/pdf", "pdf")]


def pdf(picture: Image.Image, title: str, caption: str) -> bytes:
    """Return a PDF of one page.

    Written by hand: Pillow's own writer stamps the current time into the file and sets no text.
    """
    width, height = PAGE
    scale = min((width - 2 * MARGIN) / picture.width, (height - 260) / picture.height)
    wide, high = picture.width * scale, picture.height * scale
    left, bottom = (width - wide) / 2, height - 150 - high
    drawing = [
        f"BT /F1 26 Tf {MARGIN} {height - 96} Td ({_escaped(shortened(title, 36))}) Tj ET",
        f"0.75 g {MARGIN} {height - 116} {width - 2 * MARGIN} 0.7 re f 0 g",
        f"q {wide:.2f} 0 0 {high:.2f} {left:.2f} {bottom:.2f} cm /Im1 Do Q",
    ]
    for number, line in enumerate(_lines(caption)):
        drawing.append(f"BT /F1 11 Tf {MARGIN} {bottom - 34 - 16 * number:.2f} Td ({_escaped(line)}) Tj ET")
    return _file(picture, "\n".join(drawing).encode("cp1252", "replace"))


def _file(picture: Image.Image, drawing: bytes) -> bytes:
    photo = BytesIO()
    picture.save(photo, "JPEG", quality=90)
    image = (
        f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} "
        "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    )
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] /Contents 4 0 R "
        "/Resources << /Font << /F1 6 0 R >> /XObject << /Im1 5 0 R >> >> >>"
    )
    return _assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page.encode(),
            _stream("", drawing),
            _stream(image, photo.getvalue()),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        ]
    )


def _assembled(objects: list[bytes]) -> bytes:
    """Return the objects as a file, numbered from 1, with the table of where each begins."""
    file = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        file += b"%010d 00000 n \n" % place
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(file)


def _stream(entries: str, data: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries.encode(), len(data), data)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _lines(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= LINE_LENGTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
