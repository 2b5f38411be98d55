"""Whatever a server answers: a model or a FloristError, never a raw exception, never a hang."""

import asyncio
import json
import pickle
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from florist.api import FloraAPI
from florist.api.assets import AssetFile
from florist.api.errors import APIError, RunStillPending
from florist.api.models import InputValue, Run
from florist.api.run_poller import FATAL
from florist.errors import FloristError
from tests.api.scripted import ManualTime, ScriptedFlora, client_on
from tests.api.test_assets import png

INPUTS = [InputValue(id="prompt", type="text", value="a vase")]
URL = "https://a.example/dir/b.png?sig=marker"

NAMES = st.sampled_from(
    (
        *("run_id", "runId", "id", "status", "progress", "created_at", "charged_cost", "error_code"),
        *("outputs", "output_id", "type", "url", "text", "technique", "technique_id", "techniques"),
        *("generations", "models", "actions", "assets", "asset_id", "upload", "form_fields", "file_field", "meta"),
        *("next_cursor", "error", "code", "message", "fields", "field", "name", "run_cost", "runCost", "inputs"),
        *("technique_runs", "error_message", "multiple", "default", "params", "estimated_seconds"),
        *("action_id", "model_id", "description"),
    )
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([1e30, 1e400, -1e400, float("nan"), 10**400, -1, 0, 1.8e9, 253402300799.0]),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.sampled_from(["pending", "running", "completed", "failed", "ready", "text", "imageUrl", "run_1", "tech_1"]),
    st.sampled_from([URL, "https://[", "https://a:b/", "\ud800", "\x1b]0;x\x07", "1e999999", "9999-12-31", ""]),
    st.sampled_from(["idempotency_duplicate", "rate_limited", "provider_error"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=6),
    max_leaves=20,
)
OUTPUTS = st.fixed_dictionaries(
    {"output_id": SCALARS, "type": st.sampled_from(["text", "imageUrl"]), "url": SCALARS}
)
STATES = st.sampled_from(["pending", "completed", "failed"]) | SCALARS
RUNS = st.fixed_dictionaries(
    {"run_id": st.just("run_1") | SCALARS, "status": STATES},
    optional={
        "outputs": st.lists(OUTPUTS, max_size=2),
        "created_at": SCALARS,
        "completed_at": SCALARS,
        "charged_cost": SCALARS,
        "progress": SCALARS,
        "error_code": SCALARS,
        "technique": VALUES,
    },
)
LISTS = st.dictionaries(
    st.sampled_from(["technique_runs", "techniques", "generations", "models", "actions", "meta"]),
    st.lists(RUNS | VALUES, max_size=4) | st.dictionaries(st.just("next_cursor"), SCALARS),
    max_size=7,
)
ASSETS = st.fixed_dictionaries(
    {"asset_id": st.just("asset_1") | SCALARS, "status": st.sampled_from(["ready", "pending_upload", "failed"])},
    optional={"upload": VALUES, "url": SCALARS, "expires_at": SCALARS},
)
ERROR = st.fixed_dictionaries({"code": SCALARS, "message": SCALARS, "fields": VALUES})
ERRORS = st.fixed_dictionaries({"error": ERROR})
BODIES = st.one_of(
    st.binary(max_size=40),
    st.one_of(RUNS, LISTS, ASSETS, ERRORS, VALUES).map(lambda value: json.dumps(value).encode()),
    st.tuples(st.sampled_from([b"[", b'{"error":', b'{"run_id":"run_1","x":']), st.integers(900, 3000)).map(
        lambda nest: nest[0] * nest[1]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from([b"date", b"retry-after", b"location", b"request-id", b"idempotent-replayed"]),
    st.binary(max_size=12)
    | st.sampled_from([b"1e9", b"nan", b"-1", b"Fri, 31 Dec 9999 23:59:59 GMT", b"https://[", b"//\xff"]),
    max_size=4,
)
STATUSES = st.sampled_from([200] * 4 + [201, 204, 301, 400, 402, 404, 408, 409, 422, 429, 500]) | st.integers(
    100, 999
)
ENCODINGS = st.sampled_from([None, None, None, b"gzip", b"br", b"\xff"])


class Chunks(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> Any:
        for start in range(0, len(self._content), 1000):
            yield self._content[start : start + 1000]


def answered(status: int, headers: dict[bytes, bytes], body: bytes, encoding: bytes | None, cut: int) -> Any:
    def answer() -> httpx.Response:
        packed = zlib.compress(body, wbits=31) if encoding == b"gzip" else body
        stream = Chunks(packed[: len(packed) - cut])
        more = [(b"content-encoding", encoding)] if encoding else []
        return httpx.Response(status, headers=[*headers.items(), *more], stream=stream)

    return answer


ANSWERS = st.builds(answered, STATUSES, HEADERS, BODIES, ENCODINGS, st.sampled_from([0, 0, 0, 1, 9]))


async def all_of(pager: Any) -> list[Any]:
    return [item async for item in pager]


CALLS: dict[str, Callable[[FloraAPI], Awaitable[Any]]] = {
    "create": lambda api: api.techniques.runs.create("t", inputs=INPUTS),
    "stream": lambda api: api.techniques.runs.create("t", inputs=INPUTS, mode="stream"),
    "generate": lambda api: api.generations.create(type="image", prompt="a", project_id="p"),
    "retrieve": lambda api: api.techniques.runs.retrieve("run_1", technique="t"),
    "definition": lambda api: api.techniques.retrieve("t"),
    "history": lambda api: all_of(api.techniques.runs.list()),
    "generations": lambda api: all_of(api.generations.list().pages()),
    "techniques": lambda api: all_of(api.techniques.list()),
    "models": lambda api: api.models.list(),
    "actions": lambda api: api.actions.list(),
    "upload": lambda api: api.assets.upload(png()),
    "big upload": lambda api: api.assets._send_to_storage(AssetFile("a.png", "image/png", 1, b"a"), {}),
}


class Scripted(ScriptedFlora):
    def __call__(self, request: httpx.Request) -> httpx.Response:
        return (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])()


def usable(result: Any) -> None:
    """Everything that is done with an answer later: shown, kept, compared."""
    for one in result if isinstance(result, list | tuple) else [result]:
        repr(one).encode()
        pickle.dumps(one)
        if isinstance(one, BaseModel):
            one.model_dump_json().encode()


def harmless(error: FloristError) -> None:
    """It can be printed and kept, and shows no signed URL."""
    str(error).encode()
    pickle.dumps(error)
    assert "marker" not in f"{error!r} {vars(error)!r}"
    assert not isinstance(error, APIError) or error.processed


@settings(max_examples=300)
@given(name=st.sampled_from(sorted(CALLS)), answers=st.lists(ANSWERS, min_size=1, max_size=4))
def test_any_call_with_any_answers_brings_a_model_or_an_error_of_ours(name: str, answers: list[Any]) -> None:
    async def act() -> None:
        async with client_on(ManualTime(), Scripted(*answers)) as api:
            try:
                usable(await asyncio.wait_for(CALLS[name](api), 20))
            except FloristError as error:
                harmless(error)
            api.server_now().isoformat()

    asyncio.run(act())


@settings(max_examples=150)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=8), waiting=st.sampled_from([1, 5]))
def test_waits_beside_any_answers_end_and_the_watcher_lives(answers: list[Any], waiting: int) -> None:
    """The odd answers go to run_0 and to history; the others are told of their end by a retrieve of their own."""
    odd = Scripted(*answers)

    def flora(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if name in {"run_0", "technique-runs"}:
            return odd(request)
        return httpx.Response(200, json={"run_id": name, "status": "failed", "error_code": "provider_error"})

    async def act() -> list[Any]:
        async with client_on(ManualTime(), flora) as api:
            waits = [api.watcher.wait(f"run_{n}", technique="t", window=600.0) for n in range(waiting + 1)]
            return await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 20)

    first, *others = asyncio.run(act())
    assert isinstance(first, Run | FloristError)
    assert all(isinstance(one, (Run, RunStillPending, *FATAL)) for one in others)
