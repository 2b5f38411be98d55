"""Which bytes a Range header asks for."""

import pytest

from florist.serving.ranges import NoSuchRange, Span, asked_span, is_unchanged

ETAG = '"abc"'


def span(header: str | None, size_bytes: int = 100, if_range: str | None = None) -> Span | None:
    return asked_span(header, size_bytes, if_range=if_range, etag=ETAG)


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("Bytes= 10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        (f"bytes=99-{'9' * 19}", (99, 100)),
    ],
)
def test_range_that_is_there_is_asked_for(header, asked):
    assert span(header) == asked


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "bytes=5-2", f"bytes={'9' * 40}-"],
)
def test_range_that_is_none_or_several_asks_for_the_whole(header):
    assert span(header) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={'9' * 19}-"])
def test_range_beyond_the_end_is_told(header):
    with pytest.raises(NoSuchRange):
        span(header)


@pytest.mark.parametrize(("if_range", "asked"), [(ETAG, (0, 1)), ('"other"', None), ('W/"abc"', None)])
def test_range_of_what_has_changed_meanwhile_asks_for_the_whole(if_range, asked):
    assert span("bytes=0-0", if_range=if_range) == asked


@pytest.mark.parametrize(
    ("header", "unchanged"),
    [(ETAG, True), ('"x", W/"abc"', True), ("*", True), ('"x"', False), (None, False), ("", False)],
)
def test_representation_that_somebody_has_is_not_sent_again(header, unchanged):
    assert is_unchanged(header, ETAG) is unchanged
