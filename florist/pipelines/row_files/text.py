"""Row files that are text: which encoding they are in, and where they break it."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.problems import Position
from florist.pipelines.row_files.records import unreadable
from florist.wording import quoted

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LEGACY = "cp1252"
"""What Excel on Windows writes as plain "CSV" in western Europe and America; never taken without being told."""

_BLOCK_BYTES = 64 * 1024


@contextmanager
def opened_text(path: Path, name: str, encoding: str | None) -> Iterator[TextIO]:
    """Open a row file in its encoding: that of its byte order mark, else the one that is named, else UTF-8.

    Raises:
        PipelineFileError: there is no such encoding; or, while it is read, that it is in another one.
    """
    chosen = _encoding(path, name, encoding)
    try:
        with path.open(encoding=chosen, newline="") as stream:
            yield stream
    except UnicodeError as error:
        raise _wrong_byte(path, name, chosen) from error


def _encoding(path: Path, name: str, given: str | None) -> str:
    with path.open("rb") as stream:
        start = stream.read(4)
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    try:
        found = codecs.lookup(given or "utf-8").name
        "a".encode(found)  # some are none of text, such as hex
    except (LookupError, UnicodeError) as error:
        message = f"rows.encoding of the pipeline: there is no encoding {quoted(given or '')}"
        raise unreadable(name, message) from error
    return found


def _wrong_byte(path: Path, name: str, encoding: str) -> PipelineFileError:
    """Find the line of the first byte that is not in the encoding: a stream tells places in its own buffer."""
    if encoding == "utf-16":
        return unreadable(name, "begins as UTF-16 and does not go on so: it is damaged; save it as CSV UTF-8")
    decoder = codecs.getincrementaldecoder(encoding)()
    number = 1
    with path.open("rb") as stream:
        while block := stream.readline(_BLOCK_BYTES):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                byte = error.object[error.start : error.start + 1]
                return unreadable(name, _mend(byte, encoding), Position(number, 1))
            number += block.endswith(b"\n")
    return unreadable(name, f"is not in {encoding}; save it as CSV UTF-8")


def _mend(byte: bytes, encoding: str) -> str:
    message = f"the byte 0x{byte.hex()} is not {encoding.upper().removesuffix('-SIG')}; save the file as CSV UTF-8"
    if encoding != "utf-8":
        return message
    likely = quoted(byte.decode(_LEGACY, errors="replace"))
    return f"{message} or, if {likely} should stand here, write `rows: {{encoding: {_LEGACY}}}` in the pipeline"
