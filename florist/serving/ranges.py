"""HTTP ranges (RFC 9110, section 14): which bytes of a representation are asked for."""

import re
from typing import NamedTuple

_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE)


class Span(NamedTuple):
    """Bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        """How many they are."""
        return self.stop - self.start


class NoSuchRange(Exception):  # noqa: N818 - an answer, 416, rather than an error
    """None of the bytes asked for is there."""


def asked_span(header: str | None, size_bytes: int, *, if_range: str | None, etag: str) -> Span | None:
    """Return the span that is asked for; None if all of it is.

    Several ranges at once are answered with the whole, as is a range of what has another ETag.

    Raises:
        NoSuchRange: it lies beyond the end.
    """
    found = _ONE_RANGE.fullmatch(header or "")
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start, stop = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
        if last and int(last) < start:
            return None  # no range at all, by the grammar: to be passed over
    if start >= stop:
        raise NoSuchRange
    return Span(start, stop)


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Whether somebody has this very representation already."""
    given = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return etag in given or "*" in given
