"""What every route of FLORA's tells the ledger alike, through the client: key, workspace, promise, time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from florist.api.client import FloraAPI
from florist.ledger.flora_time import FloraTime


class ClientRoute:
    """The part of `Flora` that hangs on the client alone.

    Args:
        name: tells the route's idempotency keys from those of others.
    """

    has_history = True

    def __init__(
        self,
        client: FloraAPI,
        name: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._name = name
        self._time = FloraTime(client, now=now, monotonic=monotonic)

    @property
    def key_fingerprint(self) -> str:
        """Of the client's API key."""
        return self._client.key_fingerprint

    @property
    def workspace(self) -> str:
        """The client's workspace; where it names none, its key stands for one."""
        return f"{self._client.base_url} {self._client.workspace_id or self._client.key_fingerprint}"

    @property
    def promise_scope(self) -> str:
        """The client's address and key, and this route."""
        return f"{self._client.base_url} {self._client.key_fingerprint} {self._name}"

    def server_now(self) -> datetime:
        """Return FLORA's time as the client knows it."""
        return self._client.server_now()

    async def ask_time(self, *, anew: bool) -> datetime:
        """Return FLORA's time, from the `Date` of an answer to a request for one item of history if need be."""
        return await self._time.ask(anew=anew)
