"""The text of a pipeline file, or in one sentence why there is none."""

from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.problems import Position, Problem
from florist.wording import quoted

MAX_BYTES = 256 * 1024
"""A pipeline of a thousand steps fits; reading it takes the parser seconds."""


def file_text(file: Path) -> str:
    """Read a file of UTF-8 text.

    Raises:
        PipelineFileError: there is no such file, or it cannot be a pipeline.
    """
    return _decoded(_bytes_of(file), file)


def _bytes_of(file: Path) -> bytes:
    try:
        if file.is_dir():
            _refuse(file, "is a folder; name a pipeline file in it")
        if file.exists() and not file.is_file():
            _refuse(file, "is not a regular file")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise PipelineFileError([Problem("", f"no such file{_neighbours(file)}", str(file))]) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise PipelineFileError([Problem("", f"cannot be read: {reason}", str(file))]) from error
    if len(content) > MAX_BYTES:
        _refuse(file, f"is larger than {MAX_BYTES // 1024} KiB; is it a pipeline?")
    return content


def _neighbours(file: Path) -> str:
    try:
        names = {other.stem: other.name for other in file.parent.iterdir() if other.suffix in (".yaml", ".yml")}
    except OSError:
        return f"; there is no folder {quoted(str(file.parent))}"
    # By their stems: with their endings, which they share, any two names look alike.
    close = get_close_matches(file.stem, names, n=1)
    return f"; did you mean {quoted(names[close[0]])}?" if close else ""


def _decoded(content: bytes, file: Path) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(file, "is written in UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        position = Position(before.count(b"\n") + 1, len(before[line_start:].decode("utf-8-sig")) + 1)
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise PipelineFileError([Problem("", message, str(file), position)]) from error


def _refuse(file: Path, message: str) -> NoReturn:
    raise PipelineFileError([Problem("", message, str(file))])
