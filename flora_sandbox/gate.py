"""ASGI middleware around the whole application: who may call, request ids, API keys, faults, the books.

Outermost, since FLORA's own answers must not differ from those to a bad key, an unknown
route or a malformed body: each carries a `request-id`, and the `Date` of the sandbox's clock.
"""

import asyncio
import email.utils
import json
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flora_sandbox.calls import Call, owner_of
from flora_sandbox.faults import HEADER, Fault, Stage, faults_in
from flora_sandbox.flora import Flora
from flora_sandbox.problems import Problem, invalid
from flora_sandbox.request_faults import ConnectionCutError, ProcessedLaterError, RequestFaults, latency
from flora_sandbox.same_machine import check_caller
from flora_sandbox.strangers import start_strangers
from flora_sandbox.views import API_PATH

_log = logging.getLogger(__name__)
Header = tuple[bytes, bytes]
VERBATIM_KEYS = frozenset({"form_fields"})
"""Maps whose keys are not FLORA's, and stay as they are when answers are spelled in camelCase."""


@dataclass
class Captured:
    """An answer held back."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def send(self, message: Message) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


class Gate:
    """The middleware; it is the ASGI application that the server runs."""

    def __init__(self, app: ASGIApp, flora: Flora, routes: Sequence[APIRoute]) -> None:
        """Args:
        routes: those of FLORA, by which the books sort the requests.
        """
        self._app = app
        self._flora = flora
        self._faults = RequestFaults(flora)
        self._later: set[asyncio.Task[None]] = set()
        self._routes = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path)), route) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        scope.setdefault("state", {})["flora"] = self._flora
        request_id = f"req_{secrets.token_hex(10)}"
        signed = self._with_headers(send, request_id)
        try:
            check_caller(Headers(scope=scope), self._bound_host())
        except Problem as problem:
            refused = _as_captured(problem)
            await _send(refused, bytes(refused.body), signed)
            return
        path: str = scope["path"]
        if path != API_PATH and not path.startswith(f"{API_PATH}/"):
            await self._app(scope, receive, signed)
            return
        call = Call(request_id, f"{scope['method']} {path.removeprefix(API_PATH) or '/'}")
        scope["state"]["call"] = call
        await self._api_call(call, scope, receive, signed)

    def _bound_host(self) -> str:
        return urlsplit(self._flora.address).hostname or ""

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._flora.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._later:
            task.cancel()
        await self._flora.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _api_call(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        key = _bearer(headers)
        call.owner = owner_of(key) if key else ""
        call.idempotency_key = headers.get("idempotency-key") or None
        call.number = self._arrived(call, scope)
        # Read before anything is slow: a caller that has given up by then is to be served all the same.
        body = await _whole_body(receive)
        if body is None:
            return
        pause = latency(self._flora.settings, call)
        await asyncio.sleep(pause / 2)
        captured = await self._handled(call, scope, body)
        await asyncio.sleep(pause / 2)
        if captured is not None:
            body = self._spelled(call, captured)
            self._left(call, captured.status)
            await _send(captured, body, send)
        else:
            self._left(call, None)

    async def _handled(self, call: Call, scope: Scope, body: bytes) -> Captured | None:
        """Return the answer; None if the connection is gone."""
        headers = Headers(scope=scope)
        try:
            call.given_faults = _given_faults(headers)
            self._authenticate(headers)
            start_strangers(self._flora, call, body)
            await self._faults.before(call, scope)
            captured = await self._processed(call, scope, body)
            await self._faults.after(call, scope)
        except ProcessedLaterError as error:
            self._process_later(call, scope, body, error)
            return _as_captured(error.answer)
        except Problem as problem:
            return _as_captured(problem)
        except ConnectionCutError:
            return None
        return captured

    async def _processed(self, call: Call, scope: Scope, body: bytes) -> Captured:
        captured = Captured()
        try:
            await self._app(scope, _replaying(body), captured.send)
        except Exception:  # noqa: BLE001 - logged with its traceback, and answered
            # The application has answered 500 before it let the error through.
            _log.exception("%s failed", call.line)
        return captured

    def _process_later(self, call: Call, scope: Scope, body: bytes, decided: ProcessedLaterError) -> None:
        async def process() -> None:
            await asyncio.sleep(decided.seconds)
            await self._processed(call, scope, body)
            self._left(call, decided.answer.status)

        task = asyncio.create_task(process())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _authenticate(self, headers: Headers) -> None:
        key = _bearer(headers)
        if key is None:
            raise Problem(401, "unauthorized", "Missing API key.")
        if not key.startswith(self._flora.settings.key_prefix):
            raise Problem(401, "invalid_api_key", "Invalid API key.")

    def _spelled(self, call: Call, captured: Captured) -> bytes:
        is_json = Headers(raw=captured.headers).get("content-type", "").startswith("application/json")
        if is_json and (self._flora.settings.camel_case or self._flora.rules.strike(Stage.SPELLING, call)):
            return json.dumps(_in_camel_case(json.loads(captured.body))).encode()
        return bytes(captured.body)

    def _with_headers(self, send: Send, request_id: str) -> Send:
        async def sign(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = email.utils.formatdate(self._flora.clock.now(), usegmt=True)
                extra = [(b"request-id", request_id.encode()), (b"date", date.encode())]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        return sign

    def _arrived(self, call: Call, scope: Scope) -> int:
        return self._flora.database.insert(
            "requests",
            at=self._flora.clock.now(),
            method=scope["method"],
            path=scope["path"].encode("utf-8", "replace").decode(),
            route=self._route(scope),
            owner=call.owner,
            idempotency_key=call.idempotency_key,
        )

    def _route(self, scope: Scope) -> str | None:
        """Return the route a request means, also one that a fault keeps from it."""
        path = scope["path"].removeprefix(API_PATH)
        for pattern, route in self._routes:
            if scope["method"] in (route.methods or ()) and pattern.fullmatch(path):
                return f"{scope['method']} {route.path}"
        return None

    def _left(self, call: Call, status: int | None) -> None:
        self._flora.database.write(
            "UPDATE requests SET idempotency_key = ?, technique_id = ?, run_id = ?, status = ?, faults = ?"
            " WHERE seq = ?",
            call.idempotency_key,
            call.technique_id,
            call.run_id,
            status,
            ",".join(call.struck) or None,
            call.number,
        )


async def _whole_body(receive: Receive) -> bytes | None:
    """Return the body; None if the caller left before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replaying(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _send(captured: Captured, body: bytes, send: Send) -> None:
    headers = [(name, value) for name, value in captured.headers if name != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": captured.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _bearer(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _given_faults(headers: Headers) -> tuple[Fault, ...]:
    try:
        return faults_in(headers.get(HEADER, ""))
    except ValueError as error:
        raise invalid((HEADER, str(error))) from error


def _as_captured(problem: Problem) -> Captured:
    headers = [(b"content-type", b"application/json")]
    headers += [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    return Captured(problem.status, headers, bytearray(problem.body()))


def _in_camel_case(value: object) -> object:
    if isinstance(value, list):
        return [_in_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {to_camel(key): item if key in VERBATIM_KEYS else _in_camel_case(item) for key, item in value.items()}
