"""CSV and its kin, streamed: what Excel, LibreOffice, Google Sheets and databases write.

The delimiter is read off the header, never guessed from the data: the one of `, ; tab |` that stands in it most
often outside quotes. Excel's own `sep=;` in the first line goes before that.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from florist.pipelines.problems import Position, Problem
from florist.pipelines.row_files.records import Header, Record, Table, unreadable
from florist.pipelines.row_files.text import opened_text
from florist.wording import quoted

_DELIMITERS = ",;\t|"
"""In the order in which they are taken where several stand equally often."""

_SEP_LINE = re.compile("sep=(.)[\r\n]*", re.IGNORECASE)
_HEADER_CHARACTERS_AT_MOST = 64 * 1024
_TOO_WIDE = "{} cells, but the header has {}; a text with the delimiter in it stands in quotes"
_LINES = re.compile("\r\n|\r|\n")


@contextmanager
def delimited_table(
    path: Path, name: str, *, encoding: str | None = None, delimiter: str | None = None
) -> Iterator[Table]:
    """Open a table of which each record is a line, or more where quotes say so.

    Args:
        delimiter: read off the header if None.

    Raises:
        PipelineFileError: it has no header, or cannot be decoded.
    """
    with opened_text(path, name, encoding) as stream:
        skipped, separator = _separator(stream, delimiter)
        rows = _rows(stream, name, separator, skipped)
        line, header = next(rows, (1, []))
        if not header:
            raise unreadable(name, "is empty; its first line names the columns")
        found = Header.of(header, line)
        yield Table(_records(rows, name, found), found)


def _separator(stream: TextIO, given: str | None) -> tuple[int, str]:
    """Return how many lines to skip, and the delimiter; the stream then stands at the header."""
    start = stream.read(_HEADER_CHARACTERS_AT_MOST)
    stream.seek(0)
    told = _SEP_LINE.match(start)
    if told:
        stream.readline()
        return 1, given or told[1]
    counts = dict.fromkeys(_DELIMITERS, 0)
    is_quoted = False
    for character in start.lstrip("\r\n"):
        if character == '"':
            is_quoted = not is_quoted
        elif character in "\r\n" and not is_quoted:
            break
        elif character in counts and not is_quoted:
            counts[character] += 1
    return 0, given or max(counts, key=counts.__getitem__)


def _rows(stream: TextIO, name: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not empty with the number of its first line."""
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    line = skipped + 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield line, row
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        raise unreadable(name, _said(str(error)), Position(line, 1)) from error


def _records(rows: Iterator[tuple[int, list[str]]], name: str, header: Header) -> Iterator[Record]:
    places, width = header.places, header.width
    for line, row in rows:
        fault = None
        if len(row) > width and any(map(str.strip, row[width:])):
            fault = Problem(
                "", _TOO_WIDE.format(len(row), width), name, Position(line, width + 1), "too many cells"
            )
        row.extend([""] * (width - len(row)))
        cells = {column: row[index] for column, index in places.items()}
        yield Record(cells, partial(_position, line, row, places), fault=fault)


def _position(line: int, row: Sequence[str], places: Mapping[str, int], column: str) -> Position:
    index = places.get(column, 0)
    before = sum(len(_LINES.findall(cell)) for cell in row[:index])
    return Position(line + before, index + 1)


def _said(reason: str) -> str:
    if "unexpected end of data" in reason:
        return "a quoted text begins in this record and is not closed by the end of the file"
    if "expected after" in reason:
        return "text stands after a closing quote; a quote inside a quoted text is written twice"
    if "field larger than" in reason:
        return f"a cell of more than {csv.field_size_limit():,} characters; is a quote not closed?"
    return f"unreadable: {quoted(reason)}"
