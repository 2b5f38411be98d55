"""Servers that are broken, or mean it: their answers concern the run or the call they answer, and nobody else."""

import asyncio
import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from florist.api.assets import AssetFile, UploadTarget
from florist.api.errors import (
    AmbiguousRequestError,
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    Processed,
    UntrustedUrlError,
)
from florist.api.models import InputValue, Run, StartedRun, Technique
from florist.api.paging import MOST_EMPTY_PAGES, AsyncPager, Page
from florist.api.response_body import MOST_BYTES
from florist.api.retries import LONGEST_RETRY_AFTER, http_date, retry_after_seconds
from florist.api.routes import checked_base_url, path_below
from florist.api.server_clock import ServerClock
from florist.archive.expiry import expires_at
from florist.errors import ConfigurationError, FloristError
from tests.api.scripted import RUN, ScriptedFlora, client_on, ok, refusal

INPUTS = [InputValue(id="prompt", type="text", value="a vase")]
NESTED = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANSI = "\x1b[31mred\x1b[0m \x1b]8;;https://a.example/x?sig=marker\x07link\x9b2J\r\n\u202eslug\ud800"


def raw(content: bytes | str, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})


def run_saying(**fields) -> Run:
    return Run.model_validate({**RUN, **fields})


def retrieve(client):
    return client.techniques.runs.retrieve("run_1", technique="cctv-cam")


@pytest.mark.parametrize(
    "value",
    [1e30, -1e30, 10**400, float("inf"), float("nan"), "soon", "0001-01-01T00:00:00Z", [], "9999-12-31T23:59Z"],
)
def test_run_with_a_moment_that_is_none_is_a_run_without_it(value):
    assert run_saying(created_at=value).created_at is None


def test_moment_without_a_zone_is_in_utc():
    assert run_saying(created_at="2026-11-22T00:00:00").created_at == NOW


@pytest.mark.parametrize(
    "value", ["1e999999", "1E-999999", "NaN", "-Infinity", -1, "-0.01", float("inf"), 1e300, "free", [], True]
)
def test_run_with_a_charge_that_is_no_amount_is_charged_nobody_knows_what(value):
    assert run_saying(charged_cost=value).charged_usd is None
    assert StartedRun.model_validate({"run_id": "run_1", "charged_cost": value}).reserved_usd is None
    assert Technique.model_validate({"technique_id": "t", "name": "", "run_cost": value}).run_cost_usd is None


@pytest.mark.parametrize("run_id", ["", " ", "a\r\nX: y", "rün", "run_\ud800", "run 1", "x" * 300, "..", None, 7])
def test_run_id_that_cannot_be_kept_is_refused(run_id):
    with pytest.raises(ValueError, match="run_id"):
        Run.model_validate({**RUN, "run_id": run_id})


@pytest.mark.parametrize("content", ['{"run_id": "rün", "status": 1}', b'{"run_id": "a\xff", "status": 1}'])
async def test_write_that_started_a_run_whose_id_cannot_be_kept_is_in_doubt(time, content):
    with pytest.raises(AmbiguousRequestError) as caught:
        await client_on(time, ScriptedFlora(raw(content))).techniques.runs.create("t", inputs=INPUTS)
    assert caught.value.processed is Processed.YES


@pytest.mark.parametrize("content", [NESTED, b"[" * 1_000_000, b'{"error":' + NESTED, b'{"n": ' + b"9" * 9999])
@pytest.mark.parametrize("status", [200, 400])
async def test_answer_nested_or_numbered_beyond_reading_is_a_typed_error(time, content, status):
    with pytest.raises((APIResponseValidationError, APIStatusError)):
        await retrieve(client_on(time, ScriptedFlora(raw(content, status))))


@pytest.mark.parametrize("bad", [NESTED, b'{"status": NaN}', b'{"run_id": "run_0", "status": "\\ud800"}'])
async def test_wait_beside_a_run_with_unreadable_answers_goes_on(time, bad):
    def flora(request):
        return raw(bad) if request.url.path.endswith("run_0") else ok({**RUN, "status": "failed"})

    client = client_on(time, flora)
    waits = [client.watcher.wait(f"run_{n}", technique="cctv-cam") for n in range(2)]
    first, second = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(first, APIResponseValidationError)
    assert isinstance(second, Run)


def history(*items):
    return ok({"technique_runs": [RUN, *items], "meta": {}})


BAD_ITEM = {"run_id": "run_2", "status": "?"}


async def test_page_with_a_bad_item_keeps_the_others_and_says_so(time):
    page = await client_on(time, ScriptedFlora(history(BAD_ITEM, 7))).techniques.runs.list().page()
    assert ([run.run_id for run in page.items], page.unreadable) == (["run_1"], ("item 1: status", "item 2: body"))


async def test_history_gone_through_run_by_run_ends_at_a_page_that_hides_one(time):
    with pytest.raises(APIResponseValidationError, match="status"):
        [run async for run in client_on(time, ScriptedFlora(history(BAD_ITEM))).techniques.runs.list()]


async def test_catalogue_with_a_bad_item_lists_the_others(time):
    techniques = ok({"techniques": [{"technique_id": "t", "name": "T"}, {"name": 1}], "meta": {}})
    assert len([one async for one in client_on(time, ScriptedFlora(techniques)).techniques.list()]) == 1


async def test_cursors_without_end_are_given_up():
    served = 0

    async def page(cursor):
        nonlocal served
        served += 1
        return Page((), f"cursor-{served}")

    with pytest.raises(APIResponseValidationError, match="no end"):
        [item async for item in AsyncPager(page, identity=str)]
    assert served <= MOST_EMPTY_PAGES + 1


@pytest.mark.parametrize("cursor", ["a\nb", "\ud800", "x" * 100_000, {"a": 1}, True])
async def test_cursor_that_cannot_be_sent_back_is_a_typed_error(time, cursor):
    flora = ScriptedFlora(raw(json.dumps({"technique_runs": [], "meta": {"next_cursor": cursor}})))
    with pytest.raises(APIResponseValidationError):
        [run async for run in client_on(time, flora).techniques.runs.list()]


class Packed(httpx.AsyncByteStream):
    """A gzip of so many bytes, never held whole."""

    def __init__(self, size_bytes: int, beginning: bytes = b"") -> None:
        self._packed = gzip.compress(beginning + b" " * size_bytes, 9)
        self.sent = 0

    async def __aiter__(self):
        for start in range(0, len(self._packed), 4096):
            self.sent += 1
            yield self._packed[start : start + 4096]


def packed(stream, status=200):
    return lambda _: httpx.Response(status, stream=stream, headers={"content-encoding": "gzip"})


@pytest.mark.parametrize(("status", "kind"), [(200, APIResponseValidationError), (400, APIStatusError)])
async def test_answer_that_grows_when_unpacked_is_read_no_farther_than_the_bound(time, status, kind):
    stream = Packed(3 * MOST_BYTES)
    turns = 0

    async def others():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    with pytest.raises(kind):
        await retrieve(client_on(time, packed(stream, status)))
    task.cancel()
    assert stream.sent < len(stream._packed) / 4096 / 2
    assert turns > 100


async def test_run_named_at_the_beginning_of_an_answer_without_end_is_not_lost(time):
    client = client_on(time, packed(Packed(2 * MOST_BYTES, b'{"run_id": "run_7", "x": "')))
    assert (await client.techniques.runs.create("t", inputs=INPUTS)).run_id == "run_7"


async def test_answer_packed_as_ordered_is_unpacked(time):
    stream = Packed(10, json.dumps(RUN).encode())
    assert (await retrieve(client_on(time, packed(stream)))).run_id == "run_1"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "gzip, gzip", "nonsense"])
async def test_answer_packed_in_an_unreadable_way_is_a_typed_error(time, encoding):
    class Bytes(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"\x1f\x8bnonsense"

    def flora(_):
        return httpx.Response(200, stream=Bytes(), headers={"content-encoding": encoding})

    with pytest.raises((APIResponseValidationError, APIConnectionError)):
        await retrieve(client_on(time, flora))
    with pytest.raises(AmbiguousRequestError):
        await client_on(time, flora).techniques.runs.create("t", inputs=INPUTS)


def holds_no_control_characters(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


async def test_refusal_in_colours_is_shown_without_them_and_without_its_urls(time):
    body = {"error": {"code": ANSI, "message": ANSI, "fields": [{"field": ANSI, "message": ANSI}]}}
    answer = httpx.Response(400, content=json.dumps(body), headers=[(b"request-id", b"req\x9b1")])
    with pytest.raises(APIStatusError) as caught:
        await retrieve(client_on(time, ScriptedFlora(answer)))
    shown = [str(caught.value), caught.value.code, *caught.value.fields[0], caught.value.request_id or ""]
    assert all(holds_no_control_characters(text) and "marker" not in text for text in shown)
    str(caught.value).encode()


def test_words_of_an_answer_hold_no_control_characters():
    words = ANSI.replace("\ud800", "")
    run = run_saying(error_code=words, error_message=words, technique={"technique_id": "t", "name": words})
    technique = Technique.model_validate({"technique_id": "t", "name": words, "description": words})
    shown = [run.error_code, run.error_message, run.technique.name, technique.name, technique.description]
    assert all(holds_no_control_characters(text) for text in shown)


@pytest.mark.parametrize("said", ["1e9", "1e300", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_retry_after_far_away_is_cut_to_minutes(said):
    assert retry_after_seconds(said, now=NOW) == LONGEST_RETRY_AFTER


@pytest.mark.parametrize("said", ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, " + "9" * 30 + " Nov 2026", "1 2"])
def test_date_out_of_all_range_is_none(said):
    clock = ServerClock(lambda: NOW)
    clock.learn(said, seconds=0.0)
    assert (http_date(said), retry_after_seconds(said, now=NOW), clock.now()) == (None, None, NOW)


@pytest.mark.parametrize(
    "location", ["https://[", "http://a:b/", "http://a:99999999/", "//\udcff", "http://\x00", "a" * 9999]
)
async def test_redirect_that_cannot_be_parsed_is_a_typed_error(time, location):
    def flora(_):
        return httpx.Response(302, headers=[(b"location", location.encode(errors="surrogateescape"))])

    with pytest.raises(FloristError):
        await retrieve(client_on(time, flora))


@pytest.mark.parametrize(
    "url", ["https://[", "https://a:b", "https://a:99999/x", "https://exa mple/x", "https://\u2603..x/y"]
)
def test_base_url_that_cannot_be_parsed_is_a_typed_error(url):
    with pytest.raises(ConfigurationError):
        checked_base_url(url)


@pytest.mark.parametrize("rest", ["/runs/\x00", "/runs/\ud800", "/runs/a b", "/runs/" + "x" * 99999])
def test_poll_url_that_cannot_be_requested_is_not_trusted(rest):
    with pytest.raises(UntrustedUrlError):
        path_below("https://a.example/api", f"https://a.example/api{rest}")


@pytest.mark.parametrize("url", ["https://a:99999999/", "https://\x00/", "https://a b/", "https://\ud800/"])
async def test_upload_address_that_cannot_be_requested_is_a_typed_error(time, url):
    client = client_on(time, ScriptedFlora(raw(b"")), base_url="https://a.example/api")
    with pytest.raises(FloristError):
        await client._storage.put(UploadTarget(url=url), AssetFile("a.png", "image/png", 1, b"a"))


@pytest.mark.parametrize("expires", ["99999999999999999999", "-99999999999999", "9" * 5000, "1e9", "99999999999"])
def test_expiry_out_of_all_range_is_not_stated(expires):
    assert expires_at(f"https://a.example/b?Expires={expires}") is None


def test_amount_that_is_one_is_exact():
    assert run_saying(charged_cost=0.1).charged_usd == Decimal("0.1")


async def test_429_without_end_pauses_the_workspace_for_minutes_alone(time):
    client = client_on(time, ScriptedFlora(refusal(429, retry_after="1e9"), ok(RUN)))
    with pytest.raises(APIStatusError):
        await retrieve(client)
    time.elapsed += LONGEST_RETRY_AFTER
    assert (await retrieve(client)).run_id == "run_1"


@pytest.mark.parametrize("error", [UnicodeError("label too long"), httpx.InvalidURL("port"), ValueError("odd")])
async def test_layer_below_that_stumbles_is_a_broken_connection(time, error):
    client = client_on(time, ScriptedFlora(error))
    with pytest.raises(APIConnectionError):
        await retrieve(client)
    with pytest.raises(AmbiguousRequestError):
        await client.techniques.runs.create("t", inputs=INPUTS)


async def test_storage_that_never_answers_is_given_up(time):
    async def storage(_):
        await asyncio.Event().wait()

    client = client_on(time, storage, timeout=0.01)
    with pytest.raises(APIConnectionError, match="4 times"):
        await client._storage.put(UploadTarget(url="https://a.example/"), AssetFile("a.png", "image/png", 1, b"a"))
