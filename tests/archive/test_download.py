"""Downloads from a server that misbehaves in every way thought of."""

import asyncio
import hashlib
import logging
from itertools import count

import pytest

from florist.archive.download import Downloader
from florist.archive.download_progress import DownloadLimits
from florist.archive.errors import DeadUrlError, TransferBrokenError, TransferError, TransferRefusedError
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError
from tests.archive.media_server import cut, endless, head, media_server, one_after_another, raw, status, whole_file

DATA = hashlib.shake_128(b"media").digest(300_000)


@pytest.fixture
async def server():
    async with media_server() as server:
        yield server


@pytest.fixture
async def slept():
    return []


@pytest.fixture
async def download(server, slept):
    """Fetch a URL whole, without waiting between attempts."""

    async def sleep(seconds):
        slept.append(seconds)

    downloaders = []

    async def fetched(url: SignedUrl, **settings) -> bytes:
        limits = DownloadLimits(
            **{name: settings.pop(name) for name in list(settings) if hasattr(DownloadLimits, name)}
        )
        settings = {"trusted_hosts": server.trusted, "sleep": sleep, **settings}
        downloaders.append(Downloader(limits=limits, **settings))
        return b"".join([chunk async for chunk in downloaders[-1].fetch(url)])

    yield fetched
    for downloader in downloaders:
        await downloader.aclose()


async def test_download_of_a_whole_file_brings_its_bytes_in_one_request(server, download):
    assert await download(server.serve("/a.png", whole_file(DATA))) == DATA
    assert server.count("/a.png") == 1


@pytest.mark.parametrize("tenth", range(10))
async def test_download_cut_once_is_resumed_from_where_it_broke(server, download, tenth):
    position = len(DATA) * tenth // 10
    assert await download(server.serve("/a.png", cut(DATA, at=[position]))) == DATA
    assert server.count("/a.png") == 2
    assert server.requests[1].headers.get("range") == (f"bytes={position}-" if position else None)


async def test_download_cut_at_every_tenth_is_whole_in_the_end(server, download):
    url = server.serve("/a.png", cut(DATA, at=[len(DATA) * tenth // 10 for tenth in range(1, 10)]))
    assert await download(url) == DATA
    assert server.count("/a.png") == 10


async def test_download_from_a_server_without_ranges_skips_what_it_has(server, download):
    assert await download(server.serve("/a.png", cut(DATA, at=[1000, 2000], ranges=False))) == DATA


async def test_download_broken_without_a_validator_is_not_pieced_together(server, download):
    with pytest.raises(TransferBrokenError, match="cannot be resumed"):
        await download(server.serve("/a.png", cut(DATA, at=[1000], etag="")))


async def test_download_of_a_file_that_changes_is_refused(server, download):
    url = server.serve("/a.png", one_after_another(cut(DATA, at=[1000]), cut(DATA[::-1], at=[], etag='"e2"')))
    with pytest.raises(IntegrityError, match="changed"):
        await download(url)


async def test_download_resumed_at_another_place_is_refused(server, download):
    wrong = head(206, "Content-Length: 10", f"Content-Range: bytes 5-14/{len(DATA)}", 'ETag: "e1"') + DATA[5:15]
    with pytest.raises(IntegrityError, match="another part"):
        await download(server.serve("/a.png", one_after_another(cut(DATA, at=[1000]), raw(wrong))))


@pytest.mark.parametrize("tenth", range(10))
async def test_download_that_always_breaks_at_one_place_ends_as_broken(server, download, tenth):
    url = server.serve("/a.png", cut(DATA, at=[len(DATA) * tenth // 10] * 99))
    with pytest.raises(TransferBrokenError):
        await download(url)
    assert server.count("/a.png") <= 5


async def test_download_that_gains_a_byte_each_time_ends_as_broken(server, download):
    url = server.serve("/a.png", cut(DATA, at=list(range(1, 99))))
    with pytest.raises(TransferBrokenError, match="broke 21 times"):
        await download(url)


async def test_download_longer_than_its_length_is_cut_to_it(server, download):
    url = server.serve("/a.png", raw(head(200, "Content-Length: 1000") + DATA))
    assert await download(url) == DATA[:1000]


async def test_download_of_nothing_is_refused(server, download):
    with pytest.raises(IntegrityError, match="empty"):
        await download(server.serve("/a.png", whole_file(b"")))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
async def test_download_of_a_dead_url_is_told_at_once(server, download, code):
    with pytest.raises(DeadUrlError):
        await download(server.serve("/a.png", status(code)))
    assert server.count("/a.png") == 1


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_download_from_a_busy_server_is_tried_again_later(server, download, slept, code):
    url = server.serve("/a.png", one_after_another(status(code), status(code), whole_file(DATA)))
    assert await download(url) == DATA
    assert slept == [1.0, 2.0]


async def test_download_that_claims_ten_gigabytes_is_refused_before_a_byte(server, download):
    url = server.serve("/a.png", raw(head(200, "Content-Length: 10000000000")))
    with pytest.raises(TransferRefusedError, match="claims 10000000000 bytes"):
        await download(url, size_bytes_at_most=2 * 1024**3)


async def test_download_without_end_stops_at_the_cap(server, download):
    with pytest.raises(TransferRefusedError, match="more than 1000000 bytes"):
        await download(server.serve("/a.png", endless), size_bytes_at_most=1_000_000)


async def test_download_past_its_deadline_is_given_up(server, download):
    clock = count(step=10.0)
    with pytest.raises(TransferRefusedError, match="was not there after 60 s"):
        await download(server.serve("/a.png", endless), total_timeout=60.0, monotonic=lambda: next(clock))


async def test_download_that_is_too_slow_counts_as_broken(server, download):
    clock = count(step=40.0)
    with pytest.raises(TransferBrokenError, match="bytes a second"):
        await download(
            server.serve("/a.png", cut(DATA, at=[])),
            bytes_per_second_at_least=10**6,
            total_timeout=1e9,
            monotonic=lambda: next(clock),
        )


async def test_download_follows_a_redirect_within_the_rules(server, download):
    server.serve("/b.png", whole_file(DATA))
    url = server.serve("/a.png", status(302, "Location: /b.png"))
    assert await download(url) == DATA


async def test_download_redirected_to_a_signed_url_logs_nothing_of_it(server, download, caplog):
    caplog.set_level("DEBUG")
    server.serve("/b.png", whole_file(DATA))
    await download(server.serve("/a.png", status(302, "Location: /b.png?X-Goog-Signature=do-not-show")))
    assert "do-not-show" not in caplog.text


async def test_download_redirected_in_a_circle_is_refused(server, download):
    with pytest.raises(TransferRefusedError, match="redirects more than"):
        await download(server.serve("/a.png", status(302, "Location: /a.png")))


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1:1/secret",
        "https://[::1]/secret",
        "https://[::ffff:10.0.0.1]/secret",
        "https://2130706433/secret",
        "https://localhost/secret",
        "http://example.com/plain",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "https://user:password@example.com/a",
        "https://",
        "https://[::1",
        "https://example.com:99999/a",
        "https://example.com:port/a",
        "https://a..b/c",
        f"https://{'a' * 64}.com/",
        "https://xn--/",
    ],
)
async def test_download_redirected_out_of_the_internet_is_refused(server, download, elsewhere):
    url = server.serve("/a.png", status(302, f"Location: {elsewhere}"))
    with pytest.raises(TransferRefusedError):
        await download(url)


async def drip(request, writer):
    """A header that never ends, a byte every now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def early_hints(request, writer):
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def chunk_extensions(request, writer):
    writer.write(head(200, "Transfer-Encoding: chunked", 'ETag: "e"') + b"2\r\nok\r\n1;")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("answer", "told"),
    [(drip, "begin to answer"), (early_hints, "begin to answer"), (chunk_extensions, "fell silent")],
)
async def test_download_that_never_gets_to_a_byte_of_the_file_ends_as_broken(server, download, answer, told):
    limits = {"answer_timeout": 0.15, "silence_timeout": 0.15, "fruitless_resumes": 1}
    async with asyncio.timeout(20):
        with pytest.raises(TransferBrokenError, match="at last at byte") as broken:
            await download(server.serve("/a.png", answer), **limits)
    assert told in str(broken.value)


async def test_download_from_a_host_whose_name_takes_for_ever_to_look_up_ends_as_broken(download):
    async def resolve(host, port):
        await asyncio.Event().wait()

    with pytest.raises(TransferBrokenError):
        await download(SignedUrl("https://slow.test/a.png"), resolve=resolve, answer_timeout=0.02)


@pytest.mark.parametrize(
    "told",
    [f"bytes 1000-{'9' * 5000}/1", f"bytes {'9' * 5000}-1/1", "bytes ٣-٤/٥", "bytes */300000", "bytes 1000-", ""],
)
async def test_download_resumed_with_a_range_that_cannot_be_read_is_refused(server, download, told):
    odd = head(206, "Content-Length: 10", f"Content-Range: {told}", 'ETag: "e1"').decode().encode() + DATA[:10]
    with pytest.raises(IntegrityError, match="does not say which part"):
        await download(server.serve("/a.png", one_after_another(cut(DATA, at=[1000]), raw(odd))))


async def test_download_with_a_validator_that_cannot_be_sent_back_is_not_resumed(server, download):
    lines = (f"Content-Length: {len(DATA)}", 'ETag: "é"')
    with pytest.raises(TransferBrokenError, match="cannot be resumed"):
        await download(server.serve("/a.png", raw(head(200, *lines) + DATA[:1000])))


async def test_download_connects_to_the_address_that_was_checked_though_the_name_changes(server, download):
    answers = iter([("127.0.0.1",), ("169.254.169.254",), ("169.254.169.254",)])
    asked = []

    async def resolve(host, port):
        asked.append(host)
        return next(answers)

    url = SignedUrl(f"http://media.test:{server.port}/a.png")
    server.serve("/a.png", whole_file(DATA))
    trusted = frozenset({f"media.test:{server.port}"})
    assert await download(url, resolve=resolve, trusted_hosts=trusted) == DATA
    assert asked == ["media.test"]
    assert server.requests[0].headers["host"] == f"media.test:{server.port}"


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("64:ff9b::a9fe:a9fe",)])
async def test_download_from_a_name_with_any_private_address_is_refused(download, addresses):
    async def resolve(host, port):
        return addresses

    with pytest.raises(TransferRefusedError, match="not public"):
        await download(SignedUrl("https://rebound.test/a.png"), resolve=resolve)


async def test_download_without_tls_from_a_public_address_is_refused(download):
    async def resolve(host, port):
        return ("8.8.8.8",)

    with pytest.raises(TransferRefusedError, match="is not https"):
        await download(SignedUrl("http://media.test/a.png"), resolve=resolve)


async def test_download_errors_and_logs_show_no_secret_of_the_url(server, download, caplog):
    caplog.set_level(logging.DEBUG)
    url = server.serve("/secret-folder/a.png", cut(DATA, at=[1000] * 9))
    with pytest.raises(TransferError) as broken:
        await download(url)
    assert "do-not-show" not in str(broken.value) + repr(broken.value) + caplog.text
    assert "secret-folder" not in str(broken.value)
