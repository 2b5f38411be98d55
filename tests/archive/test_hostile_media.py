"""A media server may answer anything: every end is the file or an error of ours, in bounded time."""

import asyncio

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.download_progress import DownloadLimits
from florist.errors import FloristError
from florist.stores.folder import FolderStore
from tests.archive.media_server import media_server, one_after_another, raw
from tests.archive.test_archiver import MP4, NOW, ORIGIN, PNG, no_sleep, run_with

LIMITS = DownloadLimits(
    answer_timeout=0.5, silence_timeout=0.5, size_bytes_at_most=60_000, redirects=3, resumes=4, fruitless_resumes=2
)
ODD_NUMBERS = st.sampled_from(
    ["", "0", "1", "-1", "+5", "1e9", "20019", "20020", "9" * 30, "9" * 5000, "٣", "0x10", "5, 5"]
) | st.integers(0, 70_000).map(str)
LOCATIONS = st.sampled_from(
    ["", "/a", "/b", "//", "//[::1", "http://[::1", "https://a:99999/", "https://a:x/", "https://..", "\x00",
     "http://127.0.0.1:1/", "https://10.0.0.1/", "file:///etc/passwd", "https://" + "a" * 70 + ".test/",
     "?" * 3000, "\r\n", "https://xn--/", "https://\x7f/", "/\xe9", "https://user@h/", "data:,x", "https://0x7f.1/",
     "javascript:1"]
)  # fmt: skip
RANGES = st.builds("bytes {}-{}/{}".format, ODD_NUMBERS, ODD_NUMBERS, ODD_NUMBERS) | st.text(max_size=20)
HEADERS = st.one_of(
    st.tuples(st.just("Content-Length"), ODD_NUMBERS),
    st.tuples(st.just("Content-Range"), RANGES),
    st.tuples(st.just("Location"), LOCATIONS),
    st.tuples(
        st.sampled_from(["ETag", "Last-Modified"]), st.sampled_from(['"e"', 'W/"e"', "é", "", "\x00", "a\tb"])
    ),
    st.tuples(st.just("Transfer-Encoding"), st.sampled_from(["chunked", "gzip", "identity, chunked"])),
    st.tuples(st.just("Content-Encoding"), st.sampled_from(["gzip", "br", "?"])),
    st.tuples(st.text(max_size=8), st.text(max_size=8)),
)
BODIES = st.sampled_from(
    [b"", PNG, PNG[:9000], PNG[9000:], MP4, bytes(5000), b"<html>no</html>", b"5\r\nhello\r\n0\r\n\r\n",
     b"ffffffffff\r\n", b"-1\r\nx", b"5;" + b"x" * 9000]
) | st.binary(max_size=40)  # fmt: skip
STATUS_LINES = (
    st.sampled_from(
        [200, 200, 200, 206, 206, 302, 307, 304, 100, 103, 101, 204, 403, 416, 429, 500, 999, 42, 0]
    ).map(lambda code: f"HTTP/1.1 {code} OK".encode())
) | st.sampled_from([b"", b"HTTP/9 200", b"HTTP/1.1 x", b"\x16\x03\x01", b"GET / HTTP/1.1"])


def answer(line: bytes, headers: list[tuple[str, str]], body: bytes) -> bytes:
    told = [f"{name}: {value}".encode("utf-8", "surrogatepass") for name, value in headers]
    return b"\r\n".join([line, *told, b"Connection: close", b"", body])


ANSWERS = st.builds(answer, STATUS_LINES, st.lists(HEADERS, max_size=4), BODIES)
FIRST_HALF = answer(b"HTTP/1.1 200 OK", [("ETag", '"e"'), ("Content-Length", str(len(PNG)))], PNG[:9000])


@given(st.lists(ANSWERS, min_size=1, max_size=4), st.booleans(), st.sampled_from(["imageUrl", "videoUrl", "text"]))
@example([answer(b"HTTP/1.1 302 Found", [("Location", "https://[::1")], b"")], False, "imageUrl")
@example([answer(b"HTTP/1.1 206 OK", [("Content-Range", f"bytes 9000-1/{'9' * 5000}")], b"")], True, "imageUrl")
@settings(max_examples=80, suppress_health_check=list(HealthCheck))
def test_media_server_that_answers_anything_ends_in_the_file_or_an_error_of_ours(
    tmp_path_factory, answers, half, kind
):
    """`half`: the first answer is the beginning of a picture, so that the others answer an attempt to resume."""
    path = tmp_path_factory.mktemp("archive")
    asyncio.run(kept_or_refused(path, [FIRST_HALF, *answers] if half else answers, kind))
    assert not list(path.rglob(".florist-part-*"))


async def kept_or_refused(path, answers: list[bytes], kind: str) -> None:
    async with asyncio.timeout(30), media_server() as server:
        for name in ("/a", "/b"):
            server.serve(name, one_after_another(*map(raw, answers)))
        async with Downloader(trusted_hosts=server.trusted, limits=LIMITS, sleep=no_sleep) as downloader:
            archiver = Archiver(FolderStore(path), fetch=downloader.fetch, now=lambda: NOW)
            run = run_with((kind, server.url("/a").reveal()))
            try:
                manifest = await archiver.keep(run, ORIGIN)
            except FloristError:
                assert await archiver.manifest_of(run.run_id) is None
            else:
                assert (await archiver.manifest_of(run.run_id)) == manifest
