import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from florist.api.errors import (
    AmbiguousRequestError,
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FieldProblem,
    IdempotencyConflictError,
    IdempotencyDuplicateError,
    InsufficientCreditsError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    Processed,
    RateLimitError,
    UnprocessableEntityError,
)
from florist.api.models import InputValue, Run, RunStatus
from florist.api.resources.resource import StartAnswer
from florist.api.retries import LONGEST_RETRY_AFTER
from tests.api.scripted import RUN, ScriptedFlora, client_on, ok, refusal

INPUTS = [InputValue(id="prompt", type="text", value="a vase")]


def create(client, **settings):
    return client.techniques.runs.create("cctv-cam", inputs=INPUTS, **settings)


def retrieve(client):
    return client.techniques.runs.retrieve("run_1", technique="cctv-cam")


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ConnectTimeout("no"), httpx.PoolTimeout("no")])
async def test_write_that_never_left_us_is_sent_again_under_its_key(time, error):
    flora = ScriptedFlora(error, error, ok(RUN))
    run = await create(client_on(time, flora), idempotency_key="key-1")
    assert (run.run_id, flora.keys) == ("run_1", ["key-1"] * 3)


async def test_write_without_a_key_bears_one_of_its_own_on_every_send(time):
    flora = ScriptedFlora(httpx.ConnectError("no"), ok(RUN))
    await create(client_on(time, flora))
    first, second = flora.keys
    assert first is not None
    assert first == second == json.loads(flora.requests[0].content)["idempotency_key"]


async def test_writes_without_keys_bear_different_ones(time):
    flora = ScriptedFlora(ok(RUN))
    client = client_on(time, flora)
    await create(client)
    await create(client)
    assert len(set(flora.keys)) == 2


@pytest.mark.parametrize(
    "reply",
    [
        httpx.WriteError("no"),
        httpx.WriteTimeout("no"),
        httpx.ReadError("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        refusal(408),
        refusal(500, "unknown_error"),
        refusal(503, retry_after="1"),
        httpx.Response(307, headers={"location": "https://elsewhere.example/"}),
    ],
    ids=str,
)
async def test_write_that_may_have_arrived_is_ambiguous_and_sent_once(time, reply):
    flora = ScriptedFlora(reply)
    with pytest.raises(AmbiguousRequestError, match="key-1") as caught:
        await create(client_on(time, flora), idempotency_key="key-1")
    assert (len(flora.requests), caught.value.idempotency_key) == (1, "key-1")
    assert caught.value.processed is Processed.UNKNOWN


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"ok": true}', b"[]", b'{"error": {"code": "odd"}}'])
async def test_write_with_an_unreadable_2xx_is_ambiguous_yet_processed(time, content):
    flora = ScriptedFlora(httpx.Response(201, content=content, headers={"request-id": "req_9"}))
    with pytest.raises(AmbiguousRequestError) as caught:
        await create(client_on(time, flora))
    assert (caught.value.processed, caught.value.status, caught.value.request_id) == (Processed.YES, 201, "req_9")


class BreaksOff(httpx.AsyncByteStream):
    async def __aiter__(self):
        yield b'{"run_id": "ru'
        raise httpx.ReadError("connection reset")


async def test_write_whose_2xx_breaks_off_is_ambiguous_yet_processed(time):
    client = client_on(time, lambda _: httpx.Response(201, stream=BreaksOff()))
    with pytest.raises(AmbiguousRequestError) as caught:
        await create(client)
    assert caught.value.processed is Processed.YES


async def test_write_whose_answer_is_odd_but_names_the_run_has_started_it(time):
    flora = ScriptedFlora(ok({"runId": "run_7", "status": "queued", "progress": "soon"}))
    run = await create(client_on(time, flora))
    assert (run.run_id, run.status) == ("run_7", RunStatus.PENDING)


@pytest.mark.parametrize("status", [200, 400, 402, 409, 422, 429, 500])
@pytest.mark.parametrize(
    ("code", "kind"),
    [("idempotency_duplicate", IdempotencyDuplicateError), ("idempotency_conflict", IdempotencyConflictError)],
)
async def test_write_under_a_processed_key_is_told_by_code_whatever_the_status(time, status, code, kind):
    flora = ScriptedFlora(refusal(status, code))
    with pytest.raises(kind) as caught:
        await create(client_on(time, flora))
    assert (caught.value.status, len(flora.requests)) == (status, 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, InsufficientCreditsError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, APIStatusError),
        (422, UnprocessableEntityError),
    ],
)
@pytest.mark.parametrize("call", [create, retrieve])
async def test_refusal_of_any_call_is_typed_and_never_repeated(time, call, status, kind):
    flora = ScriptedFlora(refusal(status, "some_code", request_id="req_1"))
    with pytest.raises(kind, match=r"req_1") as caught:
        await call(client_on(time, flora))
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, "some_code", "req_1")
    assert len(flora.requests) == 1


async def test_refusal_with_fields_names_them_and_shortens_signed_urls(time):
    url = "https://bucket.s3.amazonaws.com/dir/a.png?X-Amz-Signature=1"
    body = {
        "error": {"code": "input_validation_error", "message": url, "fields": [{"field": "image", "message": url}]}
    }
    with pytest.raises(BadRequestError) as caught:
        await create(client_on(time, ScriptedFlora(httpx.Response(400, json=body))))
    assert caught.value.fields == (FieldProblem("image", "https://bucket.s3.amazonaws.com/…/a.png"),)
    assert "Signature" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"error": "text"}', b'{"error": null}', b'["error"]'])
async def test_refusal_in_another_shape_is_still_typed(time, content):
    with pytest.raises(NotFoundError):
        await retrieve(client_on(time, ScriptedFlora(httpx.Response(404, content=content))))


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("no"), httpx.ReadError("no"), refusal(408), refusal(429), refusal(502)], ids=str
)
async def test_read_in_trouble_is_repeated_until_it_works(time, trouble):
    flora = ScriptedFlora(trouble, trouble, trouble, ok(RUN))
    run = await retrieve(client_on(time, flora))
    assert (run.run_id, len(flora.requests)) == ("run_1", 4)


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (httpx.ConnectError("no"), APIConnectionError),
        (httpx.ReadTimeout("no"), APITimeoutError),
        (refusal(500), InternalServerError),
        (refusal(429), RateLimitError),
    ],
)
async def test_read_in_lasting_trouble_ends_inside_its_deadline(time, trouble, kind):
    with pytest.raises(kind):
        await retrieve(client_on(time, ScriptedFlora(trouble), total_timeout=60))
    assert 20 < time.elapsed <= 60


async def test_read_answered_501_is_not_repeated(time):
    flora = ScriptedFlora(refusal(501))
    with pytest.raises(InternalServerError):
        await retrieve(client_on(time, flora))
    assert len(flora.requests) == 1


async def test_read_of_something_else_names_the_fields_and_not_their_values(time):
    flora = ScriptedFlora(ok({"run_id": "run_1", "status": "secret-value"}))
    with pytest.raises(APIResponseValidationError, match="status") as caught:
        await retrieve(client_on(time, flora))
    assert "secret-value" not in str(caught.value)


@pytest.mark.parametrize("call", [create, retrieve])
async def test_429_with_retry_after_waits_that_long(time, call):
    flora = ScriptedFlora(refusal(429, "rate_limited", retry_after="7"), ok(RUN))
    await call(client_on(time, flora))
    assert time.sleeps == [7]


async def test_429_without_retry_after_waits_five_seconds(time):
    await create(client_on(time, ScriptedFlora(refusal(429), ok(RUN))), idempotency_key="key-1")
    assert time.sleeps == [5]


async def test_429_with_a_date_waits_until_then_by_the_servers_clock(time):
    said = {"date": "Mon, 23 Nov 2026 10:00:00 GMT", "retry-after": "Mon, 23 Nov 2026 10:00:09 GMT"}
    await retrieve(client_on(time, ScriptedFlora(httpx.Response(429, headers=said), ok(RUN))))
    assert time.sleeps == [8.5]


async def test_429_past_the_deadline_is_told_at_once(time):
    with pytest.raises(RateLimitError) as caught:
        await create(client_on(time, ScriptedFlora(refusal(429, retry_after="3600"))))
    assert (caught.value.retry_after, time.sleeps) == (LONGEST_RETRY_AFTER, [])


async def test_redirect_of_a_read_is_not_followed(time):
    flora = ScriptedFlora(httpx.Response(302, headers={"location": "https://elsewhere.example/?sig=1"}))
    with pytest.raises(APIStatusError, match="redirects are never followed"):
        await retrieve(client_on(time, flora))
    assert len(flora.requests) == 1


async def test_slot_is_held_around_spending_calls_alone_and_taken_first(time):
    events = []

    @asynccontextmanager
    async def slot():
        events.append("taken")
        yield
        events.append("left")

    def flora(request):
        events.append(request.method)
        return ok(RUN) if len(events) > 2 else refusal(429)

    client = client_on(time, flora, slot=slot)
    await create(client)
    await retrieve(client)
    assert events == ["taken", "POST", "POST", "left", "GET"]


async def test_slot_that_fails_sends_nothing(time):
    @asynccontextmanager
    async def slot():
        raise ConnectionError("no limit server")
        yield

    flora = ScriptedFlora(ok(RUN))
    with pytest.raises(ConnectionError):
        await create(client_on(time, flora, slot=slot))
    assert flora.requests == []


async def test_connections_in_use_are_never_more_than_allowed(time):
    flying, most = 0, 0

    async def flora(request):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        flying -= 1
        return ok(RUN)

    client = client_on(time, flora, max_connections=3)
    await asyncio.gather(*(retrieve(client) for _ in range(20)))
    assert most == 3


async def test_watcher_is_answered_though_writes_hold_every_connection(time):
    answers = asyncio.Event()

    async def flora(request):
        if request.method == "POST":
            await answers.wait()
        return ok({**RUN, "status": "failed"})

    client = client_on(time, flora, max_connections=2)
    writes = asyncio.gather(*(create(client) for _ in range(5)))
    run = await client.watcher.wait("run_1", technique="cctv-cam")
    answers.set()
    await writes
    assert run.status is RunStatus.FAILED


async def test_server_now_follows_the_servers_clock(time):
    client = client_on(time, ScriptedFlora(ok(RUN, date="Mon, 23 Nov 2026 10:00:00 GMT")))
    await retrieve(client)
    time.elapsed += 5
    assert client.server_now().isoformat() == "2026-11-23T10:00:05.500000+00:00"


async def test_idempotency_key_that_cannot_be_a_header_is_refused_before_sending(time):
    flora = ScriptedFlora(ok(RUN))
    with pytest.raises(ValueError, match="idempotency key"):
        await create(client_on(time, flora), idempotency_key="a\nb")
    assert flora.requests == []


async def test_stream_of_unknown_format_is_read_until_it_names_the_run(time):
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b'event: started\ndata: {"runId": "run'
            yield b'_42", "status": "running"}\n\n'
            raise AssertionError("read on after the run id")

    client = client_on(time, lambda _: httpx.Response(200, stream=Endless()))
    run = await create(client, mode="stream")
    assert (run.run_id, run.status) == ("run_42", RunStatus.PENDING)


async def test_stream_that_names_no_run_is_ambiguous_yet_processed(time):
    flora = ScriptedFlora(httpx.Response(200, content=b"event: hello\n\n"))
    with pytest.raises(AmbiguousRequestError) as caught:
        await create(client_on(time, flora), mode="stream")
    assert caught.value.processed is Processed.YES


async def test_stream_answered_by_plain_json_is_a_run(time):
    run = await create(client_on(time, ScriptedFlora(ok({**RUN, "progress": 3}))), mode="stream")
    assert run.progress == 3


async def test_run_started_is_told_whether_it_is_a_replay_and_when_flora_answered(time):
    said = {"date": "Mon, 23 Nov 2026 10:00:00 GMT", "idempotent_replayed": "true", "request_id": "req_9"}
    runs = client_on(time, ScriptedFlora(ok(RUN, **said))).techniques.runs
    answer = await runs.create_with_answer("cctv-cam", inputs=INPUTS)
    assert answer == StartAnswer(Run(**RUN), True, datetime(2026, 11, 23, 10, tzinfo=UTC), "req_9")


@pytest.mark.parametrize(("said", "is_replayed"), [({"idempotent_replayed": "true"}, True), ({}, False)])
async def test_refusal_says_whether_it_is_a_replay(time, said, is_replayed):
    with pytest.raises(InsufficientCreditsError) as caught:
        await create(client_on(time, ScriptedFlora(refusal(402, "insufficient_credits", **said))))
    assert caught.value.is_replayed is is_replayed


async def test_watcher_waits_for_a_run_of_this_client_that_flora_does_not_show_yet(time):
    flora = ScriptedFlora(ok(RUN), refusal(404), refusal(404), ok({**RUN, "status": "failed"}))
    client = client_on(time, flora)
    run = await client.watcher.wait((await create(client)).run_id, technique="cctv-cam")
    assert (run.status, len(flora.requests)) == (RunStatus.FAILED, 4)


async def test_watcher_tells_at_once_that_flora_does_not_know_a_run_of_nobody(time):
    flora = ScriptedFlora(refusal(404))
    with pytest.raises(NotFoundError, match="404"):
        await client_on(time, flora).watcher.wait("run_nope", technique="cctv-cam")
    assert (len(flora.requests), time.elapsed < 10) == (1, True)
