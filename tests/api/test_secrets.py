"""The key and signed URLs: in no repr, message, log line, traceback (locals included) or pickle."""

import copy
import logging
import pickle
import traceback

import httpx
import pytest
from pydantic import SecretStr

from florist.api import FloraAPI
from florist.api.assets import Asset
from florist.api.catalogue import ActionInput
from florist.api.errors import APIError
from florist.api.models import InputValue, Run
from florist.api.transport import BearerAuth
from florist.api.wire_logs import unlogged
from florist.errors import ConfigurationError
from florist.secrets import SignedUrl, redacted
from tests.api.scripted import KEY, RUN, ManualTime, ScriptedFlora, client_on, ok, refusal
from tests.api.test_assets import MB, RESERVED, png

SIGNED = "https://media.flora.ai/dir/b.png?signature=marker"


def shown(error: BaseException) -> str:
    """Everything a reporter that prints locals would print."""
    printed = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    return f"{printed} {error!r} {vars(error)!r}"


async def failing(call) -> BaseException:
    with pytest.raises((APIError, ConfigurationError)) as caught:
        await call
    return caught.value


@pytest.mark.parametrize("fault", ["connection_reset", "answer_lost", "server_error_after"])
async def test_error_of_a_real_connection_prints_no_key_and_no_input(sandbox, fault):
    sandbox.set_faults(fault)
    inputs = [InputValue(id="image", type="imageUrl", value=SIGNED)]
    async with FloraAPI(api_key="sk_test_marker", base_url=sandbox.base_url) as client:
        error = await failing(client.techniques.runs.create("cctv-cam", inputs=inputs))
    assert error.__cause__ is None or (error.__cause__.__traceback__, error.__cause__._request) == (None, None)
    assert "marker" not in shown(error)
    assert b"marker" not in pickle.dumps(error)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.ConnectError(f"no {SIGNED}"),
        refusal(400, "input_validation_error", f"cannot fetch {SIGNED} with Bearer {KEY}"),
        refusal(400, "input_validation_error", f"the key {KEY} is odd"),
        ok({**RUN, "status": SIGNED}),
        ok({**RUN, "outputs": [{"output_id": "a", "type": SIGNED, "url": SIGNED}]}),
        httpx.Response(200, content=f'{{"url": "{SIGNED}"'.encode()),
        httpx.Response(302, headers={"location": SIGNED}),
    ],
    ids=str,
)
async def test_error_of_any_answer_prints_no_secret(time, reply):
    client = client_on(time, ScriptedFlora(reply), total_timeout=1)
    error = await failing(client.runs.retrieve("run_1"))
    assert "marker" not in shown(error)


async def test_error_of_an_upload_prints_no_signed_address(time):
    def flora(request):
        if request.url.host == "storage.example":
            raise httpx.ReadError(f"broke at {request.url}")
        return ok(RESERVED)

    error = await failing(client_on(time, flora).assets.upload(png(5 * MB)))
    assert "marker" not in shown(error)


async def test_error_of_an_unsafe_source_prints_no_signed_url(time):
    call = client_on(time, ScriptedFlora(ok({}))).assets.upload("http://example.com/a.png?signature=marker")
    error = await failing(call)
    assert "marker" not in str(error)


def test_client_made_with_a_wrong_address_prints_no_key():
    key = SecretStr(KEY)  # a value that does not print by itself: this frame is shown, too
    with pytest.raises(ConfigurationError) as caught:
        FloraAPI(api_key=key.get_secret_value(), base_url="nowhere")
    printed = shown(caught.value)  # before the assertion, whose own locals name the marker
    assert "marker" not in printed


def test_client_prints_no_key(time):
    client = client_on(time, ScriptedFlora(ok(RUN)))
    assert (
        "marker"
        not in f"{client!r} {vars(client)!r} {vars(client._transport)!r} {vars(client._transport._http)!r}"
    )


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_client_is_never_pickled(time, copied):
    with pytest.raises(TypeError, match="API key"):
        copied(client_on(time, ScriptedFlora(ok(RUN))))


def test_auth_is_never_pickled():
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(BearerAuth(None))


@pytest.mark.parametrize(
    "value",
    [
        Run.model_validate({**RUN, "status": "failed", "error_message": f"cannot fetch {SIGNED}", "new": SIGNED}),
        Run.model_validate({**RUN, "outputs": [{"output_id": "a", "type": "imageUrl", "url": SIGNED}]}),
        Asset.model_validate({**RESERVED, "url": SIGNED, "failure_message": SIGNED}),
        Asset.model_validate({**RESERVED, "upload": {"url": SIGNED, "form_fields": {"policy": "marker"}}}),
        ActionInput(type="image", url=SignedUrl(SIGNED)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_model_shown_dumped_or_pickled_holds_no_signed_url(value):
    assert "marker" not in f"{value!r} {value!s} {value.model_dump()!r} {value.model_dump_json()}"
    assert b"marker" not in pickle.dumps(value)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"see ({SIGNED}), please", "see (https://media.flora.ai/…/b.png), please"),
        ("Bearer sk_live_abc", "Bearer …"),
        ("key sk_live_abc!", "key sk_live_…"),
        ("secret whsec_abc", "secret whsec_…"),
        ("https://[broken", "…"),
        ("nothing", "nothing"),
    ],
)
def test_redacted_text_keeps_its_words(text, kept):
    assert redacted(text) == kept


@pytest.fixture
def lines(caplog):
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    return lambda: [f"{record.name} {record.getMessage()}" for record in caplog.records if "http" in record.name]


async def test_request_of_ours_is_logged_by_us_alone(client, lines):
    await client.workspaces.list()
    assert [line for line in lines() if "HTTP" in line or "headers" in line] == []


async def test_request_of_others_is_logged_as_ever(sandbox, lines):
    async with httpx.AsyncClient() as http:
        await http.get(f"{sandbox.url}/_sandbox/books")
    assert any(line.startswith("httpx HTTP Request: GET") for line in lines())


async def test_unlogged_block_ends_with_an_error_too(sandbox, lines):
    async with httpx.AsyncClient() as http:
        with pytest.raises(ZeroDivisionError), unlogged():
            raise ZeroDivisionError
        await http.get(f"{sandbox.url}/_sandbox/books")
    assert any(line.startswith("httpx HTTP Request: GET") for line in lines())


async def test_every_call_is_logged_with_its_request_id(time, caplog):
    caplog.set_level(logging.DEBUG, logger="florist.api")
    flora = ScriptedFlora(refusal(503, request_id="req_1"), httpx.ReadError("no"), ok(RUN, request_id="req_2"))
    await client_on(time, flora).runs.retrieve("run_1")
    assert [record.getMessage() for record in caplog.records if record.name == "florist.api"] == [
        "GET /runs/run_1 -> 503, request req_1, attempt 1",
        "GET /runs/run_1 -> ReadError: no, attempt 2",
        "GET /runs/run_1 -> 200, request req_2, attempt 3",
    ]


async def test_key_leaves_as_a_bearer_token():
    flora = ScriptedFlora(ok(RUN))
    await client_on(ManualTime(), flora).runs.retrieve("run_1")
    assert flora.requests[0].headers["authorization"] == f"Bearer {KEY}"
