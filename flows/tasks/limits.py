"""A limit on the starts of one workspace over all workers: Prefect's global concurrency limit, where one exists.

    prefect gcl create flora-ws_yourworkspace --limit 2

A process looks for it once for each of its clients; without it only the process's own rules hold.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import get_client
from prefect.concurrency.asyncio import concurrency
from prefect.exceptions import ObjectNotFound

LEASE_SECONDS = 60.0
"""After so many a slot comes free whose holder was killed; the shortest that Prefect's server grants."""


def limit_name(workspace_id: str) -> str:
    """Return what the limit of a workspace is called."""
    return f"flora-{workspace_id}"


class FleetLimit:
    """The limit of one workspace, as far as there is one."""

    def __init__(self, workspace_id: str) -> None:
        self._name = limit_name(workspace_id)
        self._exists: bool | None = None
        self._looking = asyncio.Lock()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the limit's slots, waiting for it as long as it takes; none where there is no limit."""
        if not await self._is_set():
            yield
            return
        # A lease that cannot be renewed ends as a start too many; ending the request would make it ambiguous.
        async with concurrency(
            self._name, lease_duration=LEASE_SECONDS, strict=True, raise_on_lease_renewal_failure=False
        ):
            yield

    async def _is_set(self) -> bool:
        async with self._looking:
            if self._exists is None:
                self._exists = await _is_active(self._name)
            return self._exists


async def _is_active(name: str) -> bool:
    async with get_client() as client:
        try:
            return (await client.read_global_concurrency_limit_by_name(name)).active
        except ObjectNotFound:
            return False
