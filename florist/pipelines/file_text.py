"""The bytes and the text of a file that people name, or in one sentence why there are none."""

import codecs
from collections.abc import Collection
from difflib import get_close_matches
from io import BufferedReader
from pathlib import Path
from typing import NoReturn

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.problems import Position, Problem
from florist.wording import quoted

MAX_BYTES = 256 * 1024
"""A pipeline of a thousand steps fits; reading it takes the parser seconds."""


def file_text(file: Path, *, name: str = "", if_too_large: str = "; is it a pipeline?") -> str:
    """Read a file of UTF-8 text.

    Args:
        name: what people know it as; the path if empty.
        if_too_large: what to say then.

    Raises:
        PipelineFileError: there is no such file, or it cannot be a pipeline.
    """
    shown = name or str(file)
    with opened_file(file, shown, like=(".yaml", ".yml")) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        _refuse(shown, f"is larger than {MAX_BYTES // 1024} KiB{if_too_large}")
    return _decoded(content, shown)


def opened_file(file: Path, name: str, *, like: Collection[str]) -> BufferedReader:
    """Open a file of bytes.

    Args:
        like: the endings of files to suggest where there is no such file.

    Raises:
        PipelineFileError: it cannot be opened, or is none.
    """
    try:
        if file.is_dir():
            _refuse(name, "is a folder; name a file in it")
        if file.exists() and not file.is_file():
            _refuse(name, "is not a regular file")
        return file.open("rb")
    except FileNotFoundError as error:
        raise PipelineFileError([Problem("", f"no such file{_neighbours(file, like)}", name)]) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise PipelineFileError([Problem("", f"cannot be read: {reason}", name)]) from error


def _neighbours(file: Path, like: Collection[str]) -> str:
    try:
        names = {other.stem: other.name for other in file.parent.iterdir() if other.suffix in like}
    except OSError:
        return f"; there is no folder {quoted(str(file.parent))}"
    # By their stems: with their endings, which they share, any two names look alike.
    close = get_close_matches(file.stem, names, n=1)
    return f"; did you mean {quoted(names[close[0]])}?" if close else ""


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(name, "is written in UTF-16; save it as UTF-8")
    # Python counts the places of errors from after the mark.
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        position = Position(before.count(b"\n") + 1, len(before[line_start:].decode()) + 1)
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise PipelineFileError([Problem("", message, name, position)]) from error


def _refuse(name: str, message: str) -> NoReturn:
    raise PipelineFileError([Problem("", message, name)])
