"""FLORA's technique runs, as the ledger needs them, through the client."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

from florist.api.client import FloraAPI
from florist.api.models import InputValue, Run
from florist.api.resources.resource import StartAnswer
from florist.ledger.client_route import ClientRoute


class TechniqueRoute(ClientRoute):
    """`Flora` for the route `POST /techniques/{technique}/runs`."""

    def __init__(
        self,
        client: FloraAPI,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client, "techniques", now=now, monotonic=monotonic)

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
