"""A clock that only moves when somebody sleeps, and a FLORA whose every answer is scripted."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from florist.api import FloraAPI

KEY = "sk_test_marker"
BASE_URL = "http://127.0.0.1:9/api/v1"
RUN = {"run_id": "run_1", "status": "pending", "progress": 0}

Reply = httpx.Response | Exception


class ManualTime:
    """Moves when slept in, or told to."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.elapsed

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.elapsed)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.elapsed += seconds
        await asyncio.sleep(0)


class ScriptedFlora:
    """Answers each request with the next reply; the last one goes on for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        # A fresh one each time: a response that was read cannot be answered again.
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("idempotency-key") for request in self.requests]


def refusal(status: int, code: str = "", message: str = "no", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=named)


def ok(body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(
        200, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def client_on(time: ManualTime, flora: Any, **settings: Any) -> FloraAPI:
    return FloraAPI(
        **{
            "api_key": KEY,
            "base_url": BASE_URL,
            "workspace_id": "ws_1",
            "transport": httpx.MockTransport(flora),
            "now": time.now,
            "monotonic": time.monotonic,
            "sleep": time.sleep,
            "rng": random.Random(1),
            **settings,
        }
    )
