"""Output URLs: signed, ending, readable in ranges; and what goes wrong with them."""

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from flora_sandbox.faults import Fault
from flora_sandbox.server import SandboxServer
from tests.flora_sandbox.conftest import Caller

DAY = 24 * 3600


@pytest.fixture
def sandbox(standing_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """One for the module: making a picture takes its time."""
    yield standing_sandbox
    standing_sandbox.set_faults()


@pytest.fixture(scope="module")
def picture(standing_sandbox: SandboxServer) -> str:
    """Return the id of a run that made one."""
    with Caller(standing_sandbox, standing_sandbox.api_key) as client:
        return client.picture()["run_id"]


@pytest.fixture
def url(flora, picture) -> str:
    """Return a fresh URL of the module's picture."""
    return flora.get(f"/runs/{picture}").json()["outputs"][0]["url"]


@pytest.fixture
def fetches(sandbox):
    """Count the downloads that were answered with bytes since the test began."""
    before = sandbox.books().total.media_fetched
    return lambda: sandbox.books().total.media_fetched - before


def output_url(client, fault):
    return client.picture(fault)["outputs"][0]["url"]


def test_output_is_a_real_picture(url, fetch):
    answer = fetch(url)

    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).format == "PNG"


@pytest.mark.parametrize("change", ["?", "&signature=0", "9"])
def test_url_that_was_tampered_with_is_refused(url, fetch, change):
    tampered = url.split("?")[0] if change == "?" else url.replace("signature=", f"signature=0{change}")

    assert fetch(tampered).status_code == 403


def test_url_ends_with_its_lifetime_and_reading_the_run_brings_a_fresh_one(sandbox, flora, fetch, picture, url):
    sandbox.clock.advance(DAY)

    fresh = flora.get(f"/runs/{picture}").json()["outputs"][0]["url"]

    assert (fetch(url).status_code, fetch(fresh).status_code) == (403, 200)


def test_lifetime_can_be_final(open_sandbox, connect, fetch):
    sandbox = open_sandbox(final_lifetimes=True, output_lifetime=120)
    client = connect(sandbox)
    run = client.picture()
    sandbox.clock.advance(120)

    again = client.get(f"/runs/{run['run_id']}").json()["outputs"][0]["url"]

    assert fetch(again).status_code == 403


@pytest.mark.parametrize(
    ("range_", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100-", 206, 100, None),
        ("bytes=-5", 206, -5, None),
        ("bytes=5-2", 416, 0, 0),
        ("bytes=99999999-", 416, 0, 0),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_range_brings_that_part(url, fetch, range_, status, start, end):
    whole = fetch(url).content

    part = fetch(url, range=range_)

    assert part.status_code == status
    assert part.content == whole[start:end]


def test_range_of_another_version_brings_the_whole(url, fetch):
    etag = fetch(url).headers["etag"]

    statuses = [fetch(url, range="bytes=0-9", if_range=tag).status_code for tag in (etag, '"other"')]

    assert statuses == [206, 200]


def test_head_tells_the_length_without_being_a_fetch(url, fetch, fetches):
    head = fetch(url, "HEAD")

    assert (head.status_code, head.content) == (200, b"")
    assert fetches() == 0
    assert int(head.headers["content-length"]) == len(fetch(url).content)


def test_path_outside_the_store_is_not_found(sandbox, fetch):
    assert fetch(f"{sandbox.url}/media/..%2Fflora.sqlite3").status_code == 404


@pytest.mark.parametrize("fault", ["media_truncated", "media_wrong_length", "media_reset"])
def test_broken_transfer_breaks_off(flora, fetch, fault):
    url = output_url(flora, f"{fault};times=1")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        fetch(url)

    assert fetch(url).status_code == 200


@pytest.mark.parametrize(("fault", "status"), [("media_expired", 403), ("media_unavailable", 503)])
def test_refused_transfer_answers_so_once(sandbox, url, fetch, fault, status):
    sandbox.set_faults(Fault(name=fault, times=1))

    assert [fetch(url).status_code for _ in range(2)] == [status, 200]


@pytest.mark.parametrize(("fault", "status"), [("media_expired", 403), ("media_unavailable", 503)])
def test_refusal_that_stays_with_the_run_strikes_as_often_as_said(flora, fetch, fetches, fault, status):
    url = output_url(flora, f"{fault};times=2")

    assert [fetch(url).status_code for _ in range(3)] == [status, status, 200]
    assert fetches() == 1


def test_wrong_type_comes_with_the_right_bytes(flora, fetch):
    url = output_url(flora, "media_wrong_type;times=1")

    wrong, right = fetch(url), fetch(url)

    assert (wrong.headers["content-type"], right.headers["content-type"]) == ("text/html", "image/png")
    assert wrong.content == right.content


def test_slow_media_is_whole_in_the_end(flora, fetch):
    url = output_url(flora, "media_slow;seconds=0.2;times=1")

    assert fetch(url).content == fetch(url).content


def test_media_fault_of_one_technique_spares_the_others(sandbox, url, fetch):
    sandbox.set_faults(Fault(name="media_unavailable", technique="cctv-cam"))

    assert fetch(url).status_code == 200


def test_books_count_what_was_fetched(url, download, fetches):
    for _ in range(3):
        download(url)

    assert fetches() == 3
