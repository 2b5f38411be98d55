"""The pure parts of the sandbox."""

import pytest

from flora_sandbox.clock import Clock
from flora_sandbox.files import media_type_of
from flora_sandbox.multipart import parts_of
from flora_sandbox.pages import PageStart, decoded, encoded
from flora_sandbox.problems import Problem
from flora_sandbox.ranges import span_of
from flora_sandbox.urls import is_loopback, media_url_fault


@pytest.mark.parametrize("start", [PageStart(before=7), PageStart(offset=40)])
def test_cursor_brings_back_its_start(start):
    assert decoded(encoded(start)) == start


@pytest.mark.parametrize("cursor", [None, ""])
def test_no_cursor_means_the_start(cursor):
    assert decoded(cursor) == PageStart()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_known_in_every_spelling(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", [None, "", "localhost.example.com", "10.0.0.1"])
def test_everything_else_is_not_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("url", ["https://[::1", "https://x:99999999/", "https:///path", ""])
def test_url_that_cannot_be_read_is_invalid(url):
    assert media_url_fault(url, restrict_hosts=False) == "Invalid URL"


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"%PDF-1.7", "application/pdf"),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_file_type_is_read_from_the_bytes(start, media_type):
    assert media_type_of(start) == media_type


def test_form_is_read_with_its_file():
    body = (
        b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nt\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a b.png"\r\n'
        b"Content-Type: image/png\r\n\r\n"
        b"\x89\r\n--\r\n\r\n--b--\r\n"
    )

    parts = parts_of(body, 'multipart/form-data; boundary="b"')

    assert (parts["token"].data, parts["file"].data) == (b"t", b"\x89\r\n--\r\n")
    assert (parts["file"].file_name, parts["file"].content_type) == ("a b.png", "image/png")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--b\r\n\r\nx\r\n--b--", "multipart/form-data"),
        (b"--b\r\nno headers--b--", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ncut off', "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
    ],
)
def test_form_that_is_broken_is_refused(body, content_type):
    with pytest.raises(Problem, check=lambda problem: problem.status == 400):
        parts_of(body, content_type)


def test_suffix_range_longer_than_the_file_is_the_file():
    assert span_of({"range": "bytes=-50"}, 10, '"x"') == (206, 0, 10)


def test_frozen_clock_moves_by_hand_alone():
    clock = Clock.frozen(100)
    before = clock.now()
    clock.advance(5)

    assert (before, clock.now(), clock.now()) == (100, 105, 105)
