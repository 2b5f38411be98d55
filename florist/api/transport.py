"""Sends one request to FLORA, with the retry policy of `florist.api.retries`."""

import asyncio
import copy
import logging
import random
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import NoReturn, Self

import httpx
from pydantic import SecretStr

from florist import __version__
from florist.api.answers import Answer
from florist.api.attempts import AttemptResult, cause_of, error_of, trouble_of
from florist.api.calls import Call
from florist.api.causes import harmless, named
from florist.api.errors import APITimeoutError
from florist.api.rate import Permit, Sleep, WorkspaceRate
from florist.api.recent_runs import RecentRuns
from florist.api.response_body import ACCEPTED_ENCODING, MOST_BYTES, read_body
from florist.api.retries import (
    Effect,
    Verdict,
    http_date,
    retry_after_seconds,
    retry_delay,
    verdict_on,
)
from florist.api.server_clock import ServerClock
from florist.api.tls import trusted
from florist.api.wire_logs import unlogged
from florist.secrets import redacted

logger = logging.getLogger("florist.api")

KEEPALIVE_SECONDS = 2.0
"""Far less than the 5 s after which common servers hang up, also for a process that lags behind: a POST on a
connection that is just being closed would end as ambiguous."""
MOST_STREAMED_BYTES = 1 << 20
"""How far into a stream a run id is looked for."""

LONGEST_REQUEST_ID = 200
BROKEN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)
"""What the layers below raise of a connection that breaks, or of bytes they cannot make sense of."""

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
    """The connection pool, clock and retry loop that all resources of one client share."""

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
        self.recent_runs = RecentRuns(monotonic)
        self._timeout = timeout
        self._total_timeout = total_timeout
        self._slot = slot or _no_slot
        self._rate = rate
        self.monotonic = monotonic
        self.sleep = sleep
        self._rng = rng
        self._connections = asyncio.Semaphore(max_connections)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            auth=BearerAuth(api_key),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": ACCEPTED_ENCODING,
                "User-Agent": f"florist/{__version__}",
            },
            # How many there are is bounded by the semaphore alone.
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=max_connections,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
            follow_redirects=False,
            transport=transport,
            verify=trusted(trust_env=trust_env),
            trust_env=trust_env,
        )

    def for_polling(self, total_timeout: float, *, connections: int) -> Self:
        """Return the same transport with a shorter deadline, for a caller that polls and so asks again itself.

        It has connections of its own: however many POSTs queue for one, its requests do not queue behind them.
        """
        polling = copy.copy(self)
        polling._total_timeout = min(total_timeout, self._total_timeout)
        polling._connections = asyncio.Semaphore(connections)
        return polling

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
            result = await self._attempt(call, deadline, attempt)
            if isinstance(result, Answer) and result.trouble is None:
                return result
            trouble = trouble_of(result)
            verdict = verdict_on(trouble, call.effect)
            delay = retry_delay(trouble, attempt, self._rng)
            attempt += 1
            if verdict is not Verdict.AGAIN or self.monotonic() + delay >= deadline:
                error = error_of(call, result, verdict, attempts=attempt, base_url=self.base_url)
                raise error from cause_of(result)
            await self.sleep(delay)

    async def _attempt(self, call: Call, deadline: float, attempt: int) -> AttemptResult:
        """Return what came of one attempt; the errors of the connection are returned, not raised."""
        async with self._connection(deadline) as permit:
            limit = self._limit(call, deadline)
            request = self._request(call, limit)
            if call.before_send is not None:
                await call.before_send()
            try:
                with unlogged():
                    result: AttemptResult = await self._exchange(call, request, limit)
            except BROKEN as error:
                result = harmless(error)
            if isinstance(result, Answer) and result.status == 429:
                permit.refused(retry_delay(trouble_of(result), attempt, self._rng))
        _log(call, result, attempt)
        return result

    @asynccontextmanager
    async def _connection(self, deadline: float) -> AsyncIterator[Permit]:
        try:
            async with asyncio.timeout(max(0.0, deadline - self.monotonic())):
                await self._connections.acquire()
        except TimeoutError as error:
            raise APITimeoutError(
                "no connection came free before the call's deadline; nothing was sent"
            ) from error
        try:
            async with self._rate.permit(deadline=deadline) as permit:
                yield permit
        finally:
            self._connections.release()

    def _limit(self, call: Call, deadline: float) -> float:
        """Return the seconds one attempt may take.

        A write always gets its full time: cutting it short at the deadline would make it ambiguous.
        """
        if call.effect is not Effect.READ:
            return self._timeout
        return min(self._timeout, max(0.0, deadline - self.monotonic()))

    async def _exchange(self, call: Call, request: httpx.Request, limit: float) -> Answer:
        # The whole exchange is bounded too: httpx bounds each wait, and an answer may trickle.
        async with asyncio.timeout(limit):
            began = self.monotonic()
            response = await self._http.send(request, stream=True)
            is_stream = call.stop_at is not None and response.is_success
            try:
                content, is_cut = await read_body(
                    response,
                    stop_at=call.stop_at if is_stream else None,
                    most=MOST_STREAMED_BYTES if is_stream else MOST_BYTES,
                )
            except BROKEN:
                if call.effect is not Effect.SPEND or not response.is_success:
                    raise
                content, is_cut = b"", False  # it worked, and only what it made stays unknown
            finally:
                await response.aclose()
            self.server_clock.learn(response.headers.get("date"), seconds=self.monotonic() - began)
            return Answer(
                request=str(call),
                status=response.status_code,
                content=content,
                request_id=_shown_id(response.headers.get("request-id")),
                said_at=http_date(response.headers.get("date")),
                is_replayed=response.headers.get("idempotent-replayed", "").strip().lower() == "true",
                is_cut=is_cut,
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


def _shown_id(request_id: str | None) -> str | None:
    return None if request_id is None else redacted(request_id[:LONGEST_REQUEST_ID])


def _log(call: Call, result: AttemptResult, attempt: int) -> None:
    if isinstance(result, Answer):
        logger.debug("%s -> %d, request %s, attempt %d", call, result.status, result.request_id, attempt + 1)
    else:
        logger.debug("%s -> %s, attempt %d", call, named(result), attempt + 1)
