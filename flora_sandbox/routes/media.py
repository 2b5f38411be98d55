"""Media: the bytes of outputs and assets, whole or in ranges, sound or with a fault."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from flora_sandbox.faults import Fault, FaultName, Stage
from flora_sandbox.flora import Flora
from flora_sandbox.problems import Problem, forbidden, not_found
from flora_sandbox.ranges import Span, span_of
from flora_sandbox.routes.parts import TheFlora
from flora_sandbox.runs import kept_faults
from flora_sandbox.techniques import names_of

router = APIRouter(include_in_schema=False)
CHUNK_BYTES = 256 * 1024
_EXPIRED = Problem(403, "forbidden", "The URL has expired.")

_REFUSALS = {FaultName.MEDIA_FORBIDDEN: forbidden(), FaultName.MEDIA_NOT_FOUND: not_found()}


@dataclass(frozen=True)
class Stored:
    """One file with what there is to say of it. `run` and `position` are those of an output."""

    name: str
    media_type: str
    size_bytes: int
    etag: str
    run: sqlite3.Row | None = None
    position: int = 0


@router.api_route("/media/{name:path}", methods=["GET", "HEAD"])
async def media(flora: TheFlora, name: str, request: Request) -> Response:
    """Give out a file to whoever holds its signed URL, until that expires."""
    stored = _stored(flora, name)
    if not flora.shelf.admits(name, request.url.query):
        _note(flora, stored, 403, [])
        raise _EXPIRED
    faults = _striking(flora, stored, request)
    span = span_of(request.headers, stored.size_bytes, stored.etag)
    try:
        response = _with_faults(flora, stored, span, faults, request)
    except Problem as problem:
        _note(flora, stored, problem.status, faults)
        raise
    if request.method == "GET":
        _note(flora, stored, response.status_code, faults)
    return response


def _stored(flora: Flora, name: str) -> Stored:
    if name.startswith("asset_"):
        asset = flora.assets.retrieve(name)
        if flora.assets.status(asset) != "ready":
            raise not_found()
        return Stored(name, asset["content_type"], asset["size_bytes"], f'"{name}"')
    output = flora.database.row(
        "SELECT * FROM outputs WHERE run_id = ? AND file = ?", name.partition("/")[0], name
    )
    run = flora.database.row("SELECT * FROM runs WHERE run_id = ?", output["run_id"]) if output else None
    if output is None or run is None:
        raise not_found()
    return Stored(
        name, output["media_type"], output["size_bytes"], f'"{output["sha256"]}"', run, output["position"]
    )


def _striking(flora: Flora, stored: Stored, request: Request) -> list[Fault]:
    if stored.run is None or request.method == "HEAD":
        return []
    fetches = flora.database.row(
        "SELECT count(*) AS count FROM fetches WHERE run_id = ? AND position = ?",
        stored.run["run_id"],
        stored.position,
    )
    turn = (0 if fetches is None else int(fetches["count"])) + 1
    kept = [fault for fault in kept_faults(stored.run) if fault.stage is Stage.MEDIA]
    given = [fault for fault in kept if fault.strikes_at(turn, (turn - 1 - fault.after) // fault.every, "")]
    line = f"GET /media/{stored.name}"
    struck = given + flora.rules.strike_line(Stage.MEDIA, line, names_of(stored.run["subject_id"]))
    age = flora.clock.now() - (stored.run["completed_at"] or stored.run["ends_at"])
    return [fault for fault in struck if fault.name not in _REFUSALS or age < fault.seconds]


def _with_faults(flora: Flora, stored: Stored, span: Span, faults: list[Fault], request: Request) -> Response:
    names = {fault.name: fault for fault in faults}
    if FaultName.MEDIA_EXPIRED in names:
        raise _EXPIRED
    for name in _REFUSALS.keys() & names.keys():
        raise _REFUSALS[name]
    if FaultName.MEDIA_UNAVAILABLE in names:
        raise Problem(503, "service_unavailable", "The service is unavailable.")
    headers = {
        "accept-ranges": "bytes",
        "etag": stored.etag,
        "content-length": str(span.length),
        "content-type": "text/html" if FaultName.MEDIA_WRONG_TYPE in names else stored.media_type,
    }
    if span.status == 206:
        headers["content-range"] = f"bytes {span.start}-{span.start + span.length - 1}/{stored.size_bytes}"
    if span.status == 416:
        return Response(status_code=416, headers={"content-range": f"bytes */{stored.size_bytes}"})
    if request.method == "HEAD":
        return Response(status_code=span.status, headers=headers)
    cut = _cut(flora, stored, span, names)
    if cut is not None:
        return CutShort(flora, cut, headers, span.status)
    chunks = _chunks(flora, stored, span)
    return StreamingResponse(chunks, span.status, headers)


@dataclass(frozen=True)
class Cut:
    """How an answer goes wrong on its way."""

    data: bytes
    extra_claimed: int = 0
    pause: float = 0
    is_reset: bool = False
    is_whole: bool = False


def _cut(flora: Flora, stored: Stored, span: Span, names: dict[FaultName, Fault]) -> Cut | None:
    if not names.keys() & {
        FaultName.MEDIA_TRUNCATED,
        FaultName.MEDIA_WRONG_LENGTH,
        FaultName.MEDIA_SLOW,
        FaultName.MEDIA_RESET,
    }:
        return None
    data = b"".join(_chunks(flora, stored, span))
    pause = names[FaultName.MEDIA_SLOW].seconds if FaultName.MEDIA_SLOW in names else 0
    if FaultName.MEDIA_RESET in names:
        return Cut(b"", is_reset=True)
    if FaultName.MEDIA_TRUNCATED in names:
        return Cut(data[: len(data) // 2], pause=pause)
    if FaultName.MEDIA_WRONG_LENGTH in names:
        return Cut(data, extra_claimed=100, pause=pause)
    return Cut(data, pause=pause, is_whole=True)


class CutShort(Response):
    """An answer that is slow, ends before the length it claims, or is reset before its first byte."""

    def __init__(self, flora: Flora, cut: Cut, headers: dict[str, str], status: int) -> None:
        super().__init__(None, status)
        self._flora = flora
        self._cut = cut
        claimed = int(headers["content-length"]) + cut.extra_claimed
        self._claims = {**headers, "content-length": str(claimed)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, then close the connection unless that was all."""
        if self._cut.is_reset:
            await self._flora.connections.reset(scope)
            return
        raw = [(name.encode(), value.encode()) for name, value in self._claims.items()]
        await send({"type": "http.response.start", "status": self.status_code, "headers": raw})
        half = len(self._cut.data) // 2
        await send({"type": "http.response.body", "body": self._cut.data[:half], "more_body": True})
        await asyncio.sleep(self._cut.pause)
        rest = self._cut.data[half:]
        await send({"type": "http.response.body", "body": rest, "more_body": not self._cut.is_whole})
        if not self._cut.is_whole:
            await self._flora.connections.hang_up(scope)


def _chunks(flora: Flora, stored: Stored, span: Span) -> Iterator[bytes]:
    with flora.shelf.path(stored.name).open("rb") as file:
        file.seek(span.start)
        left = span.length
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _note(flora: Flora, stored: Stored, status: int, faults: list[Fault]) -> None:
    if stored.run is None:
        return
    flora.database.insert(
        "fetches",
        at=flora.clock.now(),
        run_id=stored.run["run_id"],
        position=stored.position,
        status=status,
        faults=",".join(fault.name.value for fault in faults) or None,
    )
