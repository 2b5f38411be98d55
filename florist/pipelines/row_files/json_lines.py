"""JSON lines, streamed: an object of plain values in each line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TextIO

from florist.pipelines.problems import Position, Problem
from florist.pipelines.row_files.records import Header, Record, Table, unreadable
from florist.pipelines.row_files.text import opened_text
from florist.wording import quoted

_LINE_CHARACTERS_AT_MOST = 1024 * 1024


@contextmanager
def json_lines_table(path: Path, name: str, *, encoding: str | None = None) -> Iterator[Table]:
    """Open a file of JSON objects; the first one's names are the columns to begin with.

    Raises:
        PipelineFileError: it holds no object, or cannot be decoded.
    """
    with opened_text(path, name, encoding) as stream:
        records = _records(stream, name)
        first = next(records, None)
        if first is None:
            raise unreadable(name, 'is empty; each line holds an object, such as {"sku": "V-001"}')
        header = None if first.fault else Header.of([*first.cells], first.position("").line)
        yield Table(chain([first], records), header, varies=True)


def _records(stream: TextIO, name: str) -> Iterator[Record]:
    for number, line in enumerate(iter(lambda: stream.readline(_LINE_CHARACTERS_AT_MOST), ""), start=1):
        if len(line) == _LINE_CHARACTERS_AT_MOST:
            raise unreadable(name, f"a line of {len(line):,} characters and more", Position(number, 1))
        if line.strip():
            yield _record(line, name, number)


def _record(line: str, name: str, number: int) -> Record:
    place = partial(_position, number, line)
    try:
        found = json.loads(
            line.rstrip(), parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once
        )
        if isinstance(found, dict):
            return Record({column: _text(value) for column, value in found.items()}, place)
        reason, column = 'is no object, such as {"sku": "V-001"}', 1
    except json.JSONDecodeError as error:
        reason, column = f"unreadable JSON: {error.msg}", error.colno
    except RecursionError:
        reason, column = "unreadable JSON: too deeply nested", 1
    except ValueError as error:
        reason, column = str(error), 1
    return Record({}, place, fault=Problem("", reason, name, Position(number, column)))


def _once(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {quoted(double)} stands here twice")
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ValueError("a value is one text or number, no list and no object")  # noqa: TRY004 - like its neighbours
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("half of a character (a lone surrogate) cannot be sent to anybody") from error
    return value


def _position(number: int, line: str, column: str) -> Position:
    return Position(number, line.find(json.dumps(column, ensure_ascii=False)) + 1 or 1 if column else 1)
