"""FLORA's technique runs, as the ledger needs them, through the client."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

from florist.api.client import FloraAPI
from florist.api.models import InputValue, Run
from florist.api.resources.resource import StartAnswer
from florist.ledger.flora_time import FloraTime


class TechniqueRoute:
    """`Flora` for the route `POST /techniques/{technique}/runs`."""

    has_history = True

    def __init__(
        self,
        client: FloraAPI,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
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
        return f"{self._client.base_url} {self._client.key_fingerprint} techniques"

    def server_now(self) -> datetime:
        """Return FLORA's time as the client knows it."""
        return self._client.server_now()

    async def ask_time(self, *, anew: bool) -> datetime:
        """Return FLORA's time, from the `Date` of an answer to a request for one item of history if need be."""
        return await self._time.ask(anew=anew)

    async def post(
        self,
        technique_id: str,
        inputs: Sequence[InputValue],
        *,
        idempotency_key: str,
        callback_url: str | None,
        before_send: Callable[[], Awaitable[None]],
    ) -> StartAnswer:
        """Start a run; see `Flora.post`."""
        return await self._client.techniques.runs.create_with_answer(
            technique_id,
            inputs=inputs,
            callback_url=callback_url,
            idempotency_key=idempotency_key,
            before_send=before_send,
        )

    async def history(self, technique_id: str, *, since: datetime) -> AsyncIterator[Run]:
        """Yield a technique's runs created since then.

        Without a workspace filter: a run may not be filed where it is looked for. Newest first, so that the
        first older one ends it; one without a time may be of any.
        """
        async for run in self._client.techniques.runs.list(technique_id=technique_id):
            if run.created_at is not None and run.created_at < since:
                return
            yield run
