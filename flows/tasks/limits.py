"""A limit on the starts of one workspace over all workers: Prefect's global concurrency limit, where one exists.

    prefect gcl create flora-ws_yourworkspace --limit 2

Prefect wakes nobody when a slot comes free: who was refused asks again, its own waiters after up to half a minute.
So a process has one question open, asks again within a second, and hands the slot that it has from start to start
while its turn lasts (`benchmarks.fleet_limit` has figures). It looks for the limit once for each of its clients;
without it, or where the server cannot be asked, only the process's own rules hold.
"""

import asyncio
import logging
import math
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from httpx import HTTPError, HTTPStatusError
from prefect import get_client
from prefect.client.schemas.responses import ConcurrencyLimitWithLeaseResponse
from prefect.exceptions import ObjectNotFound, PrefectException

LEASE_SECONDS = 60.0
"""After so many a slot comes free whose holder was killed; the shortest that Prefect's server grants."""
RENEWED_AFTER = LEASE_SECONDS / 3
TURN_SECONDS = 2.0
"""For so long a process hands a slot on to its own starts; then another process may have it."""
ASK_AGAIN = (0.1, 1.0)
"""Seconds until a refused process asks again: at first, and at most."""

ANSWERS_WITHIN = 10.0
"""Seconds; a server that is down is not waited for, nor asked again, for `UNASKED_SECONDS`."""
UNASKED_SECONDS = 30.0

logger = logging.getLogger(__name__)


def limit_name(workspace_id: str) -> str:
    """Return what the limit of a workspace is called."""
    return f"flora-{workspace_id}"


@dataclass(eq=False)
class _Slot:
    lease_id: UUID
    taken_at: float
    renewing: asyncio.Task[None]


class FleetLimit:
    """The limit of one workspace, as far as there is one."""

    def __init__(self, workspace_id: str) -> None:
        self._name = limit_name(workspace_id)
        self._exists: bool | None = None
        self._looking = asyncio.Lock()
        self._waiting: deque[asyncio.Future[_Slot | None]] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._unasked_until = -math.inf

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the limit's slots, waiting for it as long as it takes; none where there is no limit."""
        taken = await self._take() if await self._is_set() else None
        try:
            yield
        finally:
            if taken is not None and not self._hand_on(taken):
                # A start too many does less harm than a request that ends with its answer unknown.
                await asyncio.shield(asyncio.ensure_future(_give_back(taken)))

    async def _is_set(self) -> bool:
        async with self._looking:
            if self._exists is None:
                if monotonic() < self._unasked_until:
                    return False
                try:
                    async with asyncio.timeout(ANSWERS_WITHIN):
                        self._exists = await _is_active(self._name)
                except (HTTPError, PrefectException, TimeoutError):
                    self._unasked_until = monotonic() + UNASKED_SECONDS
                    return False
            return self._exists

    async def _take(self) -> _Slot | None:
        if monotonic() < self._unasked_until:
            return None
        place: asyncio.Future[_Slot | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        try:
            return await place
        except asyncio.CancelledError:
            if not place.cancelled() and place.done() and (slot := place.result()) and not self._hand_on(slot):
                await asyncio.shield(asyncio.ensure_future(_give_back(slot)))
            raise

    def _hand_on(self, slot: _Slot) -> bool:
        """Give a slot to the next start of this process, if there is one and its turn is not over."""
        return monotonic() < slot.taken_at + TURN_SECONDS and self._serve(slot)

    def _serve(self, slot: _Slot | None) -> bool:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(slot)
                return True
        return False

    async def _ask(self) -> None:
        """Ask for slots as long as a start waits for one."""
        wait = ASK_AGAIN[0]
        try:
            async with get_client() as client:
                while self._waiting:
                    try:
                        async with asyncio.timeout(ANSWERS_WITHIN):
                            answer = await client.increment_concurrency_slots_with_lease(
                                [self._name], 1, "concurrency", LEASE_SECONDS
                            )
                    except HTTPStatusError as error:
                        if error.response.status_code != 423:
                            raise
                        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311
                        wait = min(2 * wait, ASK_AGAIN[1])
                        continue
                    wait = ASK_AGAIN[0]
                    granted = ConcurrencyLimitWithLeaseResponse.model_validate(answer.json())
                    slot = _Slot(granted.lease_id, monotonic(), asyncio.create_task(_renew(granted.lease_id)))
                    if not self._serve(slot):
                        await _give_back(slot)
                self._asking = None
        except Exception as error:  # noqa: BLE001 - or those that wait would wait for ever
            logger.warning(
                "limit %s could not be asked for (%s): starts go ahead without it",
                self._name,
                type(error).__name__,
            )
            self._unasked_until = monotonic() + UNASKED_SECONDS
            while self._serve(None):
                pass
            self._asking = None


async def _is_active(name: str) -> bool:
    async with get_client() as client:
        try:
            return (await client.read_global_concurrency_limit_by_name(name)).active
        except ObjectNotFound:
            return False


async def _renew(lease_id: UUID) -> None:
    while True:
        await asyncio.sleep(RENEWED_AFTER)
        with suppress(HTTPError, PrefectException):  # it is tried again while the lease lasts
            async with get_client() as client:
                await client.renew_concurrency_lease(lease_id, LEASE_SECONDS)


async def _give_back(slot: _Slot) -> None:
    slot.renewing.cancel()
    with suppress(HTTPError, PrefectException, TimeoutError):  # the lease runs out
        async with asyncio.timeout(ANSWERS_WITHIN), get_client() as client:
            await client.release_concurrency_slots_with_lease(slot.lease_id)
