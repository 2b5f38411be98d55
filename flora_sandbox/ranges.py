"""Which part of a file a request wants: `Range` and `If-Range`, one range at most."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Span(NamedTuple):
    """A part of a file; 200 for the whole, 206 for a part, 416 for one that is not there."""

    status: int
    start: int
    length: int


def span_of(headers: Mapping[str, str], size_bytes: int, etag: str) -> Span:
    """Return what to send. A range that cannot be read, or is of another version, means the whole."""
    whole = Span(200, 0, size_bytes)
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or match.groups() == ("", "") or headers.get("if-range", etag) != etag:
        return whole
    first, last = match.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= size_bytes or start >= end:
        return Span(416, 0, 0)
    return Span(206, start, end - start)
