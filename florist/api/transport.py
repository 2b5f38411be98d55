"""Sends one request to FLORA, and sends it again where that is safe."""

import asyncio
import copy
import logging
import random
import re
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import NoReturn, Self

import httpx
from pydantic import SecretStr

from florist import __version__
from florist.api.answers import Answer
from florist.api.calls import Call
from florist.api.causes import harmless, named
from florist.api.errors import APITimeoutError
from florist.api.outcomes import Outcome, cause_of, error_of, trouble_of
from florist.api.rate import Permit, Sleep, WorkspaceRate
from florist.api.retries import (
    Effect,
    Verdict,
    http_date,
    retry_after_seconds,
    retry_delay,
    verdict_on,
)
from florist.api.server_clock import ServerClock
from florist.api.wire_logs import unlogged

logger = logging.getLogger("florist.api")

KEEPALIVE_SECONDS = 2.0
"""Far less than the 5 s after which common servers hang up, also for a process that lags behind: a POST on a
connection that is just being closed would end as ambiguous."""
MOST_STREAMED_BYTES = 1 << 20
"""How far into a stream a run id is looked for."""

Slot = Callable[[], AbstractAsyncContextManager[None]]


class BearerAuth(httpx.Auth):
    """Puts the API key on each request as it leaves; nothing else ever holds it in the clear."""

    def __init__(self, api_key: SecretStr) -> None:
        self._api_key = api_key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the key."""
        request.headers["Authorization"] = f"Bearer {self._api_key.get_secret_value()}"
        yield request

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is never pickled")


class Transport:
    """The way to FLORA that all resources of one client share."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: SecretStr,
        timeout: float,
        total_timeout: float,
        max_connections: int,
        slot: Slot | None,
        rate: WorkspaceRate,
        transport: httpx.AsyncBaseTransport | None,
        trust_env: bool,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Sleep,
        rng: random.Random,
    ) -> None:
        self.base_url = base_url
        self.server_clock = ServerClock(now)
        self._timeout = timeout
        self._total_timeout = total_timeout
        self._slot = slot or _no_slot
        self._rate = rate
        self.monotonic = monotonic
        self.sleep = sleep
        self._rng = rng
        self._places = asyncio.Semaphore(max_connections)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            auth=BearerAuth(api_key),
            headers={"Accept": "application/json", "User-Agent": f"florist/{__version__}"},
            # How many there are is bounded by the places alone.
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=max_connections,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
            follow_redirects=False,
            transport=transport,
            trust_env=trust_env,
        )

    def hurried(self, total_timeout: float, *, places: int) -> Self:
        """Return the same way for callers who would rather ask again themselves.

        It has places of its own: however many POSTs queue for a connection, its requests do not queue behind them.
        """
        way = copy.copy(self)
        way._total_timeout = min(total_timeout, self._total_timeout)
        way._places = asyncio.Semaphore(places)
        return way

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, call: Call) -> Answer:
        """Return FLORA's 2xx answer.

        A call that spends waits for its slot before anything is sent and holds it to the end; the deadline
        counts from there.

        Raises:
            AmbiguousRequestError: a write that may have been processed.
            APIStatusError: FLORA refused it.
            APIConnectionError: no answer came; a write has certainly not been sent.
        """
        if call.effect is not Effect.SPEND:
            return await self._until_answered(call)
        async with self._slot():
            return await self._until_answered(call)

    async def _until_answered(self, call: Call) -> Answer:
        deadline = self.monotonic() + self._total_timeout
        attempt = 0
        while True:
            outcome = await self._attempt(call, deadline, attempt)
            if isinstance(outcome, Answer) and outcome.trouble is None:
                return outcome
            trouble = trouble_of(outcome)
            verdict = verdict_on(trouble, call.effect)
            delay = retry_delay(trouble, attempt, self._rng)
            attempt += 1
            if verdict is not Verdict.AGAIN or self.monotonic() + delay >= deadline:
                error = error_of(call, outcome, verdict, attempts=attempt, base_url=self.base_url)
                raise error from cause_of(outcome)
            await self.sleep(delay)

    async def _attempt(self, call: Call, deadline: float, attempt: int) -> Outcome:
        """Return what came of one attempt; the errors of the connection are returned, not raised."""
        async with self._place(deadline) as turn:
            if call.before_send is not None:
                await call.before_send()
            try:
                with unlogged():
                    outcome: Outcome = await self._exchange(call, self._limit(call, deadline))
            except (httpx.RequestError, OSError) as error:
                outcome = harmless(error)
            if isinstance(outcome, Answer) and outcome.status == 429:
                turn.refused(retry_delay(trouble_of(outcome), attempt, self._rng))
        _log(call, outcome, attempt)
        return outcome

    @asynccontextmanager
    async def _place(self, deadline: float) -> AsyncIterator[Permit]:
        try:
            async with asyncio.timeout(max(0.0, deadline - self.monotonic())):
                await self._places.acquire()
        except TimeoutError as error:
            raise APITimeoutError(
                "no connection came free before the call's deadline; nothing was sent"
            ) from error
        try:
            async with self._rate.turn(deadline=deadline) as turn:
                yield turn
        finally:
            self._places.release()

    def _limit(self, call: Call, deadline: float) -> float:
        """Return the seconds one attempt may take.

        A write always gets its full time: cutting it short at the deadline would make it ambiguous.
        """
        if call.effect is not Effect.READ:
            return self._timeout
        return min(self._timeout, max(0.0, deadline - self.monotonic()))

    async def _exchange(self, call: Call, limit: float) -> Answer:
        # The whole exchange is bounded too: httpx bounds each wait, and an answer may trickle.
        async with asyncio.timeout(limit):
            began = self.monotonic()
            response = await self._http.send(self._request(call, limit), stream=True)
            try:
                content = await _content(response, call.stop_at)
            except (httpx.RequestError, OSError):
                if call.effect is not Effect.SPEND or not response.is_success:
                    raise
                content = b""  # it worked, and only what it made stays unknown
            finally:
                await response.aclose()
            self.server_clock.learn(response.headers.get("date"), seconds=self.monotonic() - began)
            return Answer(
                request=str(call),
                status=response.status_code,
                content=content,
                request_id=response.headers.get("request-id"),
                said_at=http_date(response.headers.get("date")),
                is_replayed=response.headers.get("idempotent-replayed", "").strip().lower() == "true",
                retry_after=retry_after_seconds(response.headers.get("retry-after"), now=self.server_clock.now()),
            )

    def _request(self, call: Call, limit: float) -> httpx.Request:
        headers = {"Idempotency-Key": call.idempotency_key} if call.idempotency_key else {}
        if call.stop_at is not None:
            headers["Accept"] = "text/event-stream, application/json"
        # Connecting gets less than the whole, so that a connection never made is told from an answer never sent.
        timeout = httpx.Timeout(limit, connect=min(10.0, limit / 2), pool=limit / 4)
        return self._http.build_request(
            call.method,
            call.path,
            params=call.query or None,
            json=call.body,
            data=call.form,
            files=call.files,
            headers=headers,
            timeout=timeout,
        )


@asynccontextmanager
async def _no_slot() -> AsyncIterator[None]:
    yield


async def _content(response: httpx.Response, stop_at: re.Pattern[bytes] | None) -> bytes:
    if stop_at is None or not response.is_success:
        return await response.aread()
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if stop_at.search(content) or len(content) > MOST_STREAMED_BYTES:
            break
    return content


def _log(call: Call, outcome: Outcome, attempt: int) -> None:
    if isinstance(outcome, Answer):
        logger.debug("%s -> %d, request %s, attempt %d", call, outcome.status, outcome.request_id, attempt + 1)
    else:
        logger.debug("%s -> %s, attempt %d", call, named(outcome), attempt + 1)
