"""Excel workbooks (.xlsx), streamed through openpyxl: the extra `florist[xlsx]`.

What a formula gave when the workbook was last saved is its value. Numbers come without their format: a key with
leading zeros has to be stored as text.
"""

import datetime as dt
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from florist.errors import ConfigurationError
from florist.pipelines.problems import Position
from florist.pipelines.row_files.records import Header, Record, Table, unreadable
from florist.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

UNPACKED_BYTES_AT_MOST = 2 * 1024**3
_SHARED_TEXT_BYTES_AT_MOST = 256 * 1024**2
"""The workbook's texts: the one part that is held in memory."""

_UNREADABLE = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
    EOFError,
)
"""What openpyxl and its parsers raise for what is no workbook; `SyntaxError` is their word for bad XML."""


@contextmanager
def workbook_table(path: Path, name: str, *, sheet: str | None = None) -> Iterator[Table]:
    """Open one sheet of a workbook: the named one, else the first.

    Raises:
        PipelineFileError: it is no workbook, has no such sheet, or no header.
        ConfigurationError: openpyxl is not installed.
    """
    _check_size(path, name)
    with closing(_loaded(path, name)) as book:
        sheets = {found.title: found for found in book.worksheets}
        chosen = sheet or next(iter(sheets), "")
        if chosen not in sheets:
            raise unreadable(name, f"has no sheet {quoted(chosen)}{did_you_mean(chosen, sheets)}")
        sheets[chosen].reset_dimensions()  # what other programs claim of them need not be so
        rows = _rows(sheets[chosen].iter_rows(values_only=True), name)
        line, header = next(rows, (1, ()))
        if not header:
            raise unreadable(name, f"the sheet {quoted(chosen)} is empty; its first row names the columns")
        found = Header.of(header, line)
        others = len(sheets) - 1
        note = (
            f"{name}: read from the sheet {quoted(chosen)}, the first of {others + 1}"
            if others and not sheet
            else ""
        )
        yield Table(_records(rows, found), found, note=note)


def _check_size(path: Path, name: str) -> None:
    try:
        with zipfile.ZipFile(path) as parts:
            sizes = {part.filename: part.file_size for part in parts.infolist()}
    except zipfile.BadZipFile as error:
        message = "is no .xlsx workbook, or one with a password; save it as .xlsx without one, or as CSV UTF-8"
        raise unreadable(name, message) from error
    if (
        sum(sizes.values()) > UNPACKED_BYTES_AT_MOST
        or sizes.get("xl/sharedStrings.xml", 0) > _SHARED_TEXT_BYTES_AT_MOST
    ):
        raise unreadable(name, "unpacks to more than is read; save it as CSV UTF-8")


def _loaded(path: Path, name: str) -> "Workbook":
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            f"{name}: reading .xlsx takes openpyxl: pip install 'florist[xlsx]', or save the sheet as CSV UTF-8"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles, validations and other things that no row needs
            return load_workbook(path, read_only=True, data_only=True)
    except _UNREADABLE as error:
        raise unreadable(
            name, f"cannot be read as .xlsx ({type(error).__name__}); save it as CSV UTF-8"
        ) from error


def _rows(values: Iterator[Sequence[object]], name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each row that is not empty with its number."""
    number = 0
    try:
        for number, row in enumerate(values, start=1):
            texts = tuple(map(_text, row))
            if any(map(str.strip, texts)):
                yield number, texts
    except _UNREADABLE as error:
        message = f"cannot be read on ({type(error).__name__}); save it as CSV UTF-8"
        raise unreadable(name, message, Position(number + 1, 1)) from error


def _records(rows: Iterator[tuple[int, tuple[str, ...]]], header: Header) -> Iterator[Record]:
    for number, row in rows:
        cells = {column: row[index] if index < len(row) else "" for column, index in header.places.items()}
        yield Record(cells, partial(_position, number, header.places))


def _position(number: int, places: Mapping[str, int], column: str) -> Position:
    return Position(number, places.get(column, 0) + 1)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case dt.datetime():
            return value.isoformat(sep=" ")
    return str(value)
