"""What the ledger needs of FLORA: four calls and a clock."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from florist.api.models import InputValue, Run


class StartAnswer(Protocol):
    """FLORA's answer to a POST that names a run."""

    @property
    def run(self) -> Run:
        """The run."""
        ...

    @property
    def is_replayed(self) -> bool:
        """Whether an earlier request under the same idempotency key made it, and this one none."""
        ...

    @property
    def request_id(self) -> str | None:
        """For FLORA's support."""
        ...


class Flora(Protocol):
    """FLORA, as seen from the ledger, for one route, API key and workspace."""

    @property
    def key_fingerprint(self) -> str:
        """Which API key this is, without telling it."""
        ...

    @property
    def workspace(self) -> str:
        """What tells this workspace from others: POSTs of one technique take turns in it."""
        ...

    @property
    def promise_scope(self) -> str:
        """What tells the idempotency keys of this address, API key and route from others."""
        ...

    @property
    def has_history(self) -> bool:
        """Whether `history` exists for this route."""
        ...

    def server_now(self) -> datetime:
        """Return FLORA's time as known from its last answer."""
        ...

    async def ask_time(self, *, anew: bool) -> datetime:
        """Return FLORA's time; ask it, by a request that costs nothing, if it is not known for certain.

        Args:
            anew: ask in any case, since money hangs on how much time has passed there.
        """
        ...

    async def post(
        self,
        technique_id: str,
        inputs: Sequence[InputValue],
        *,
        idempotency_key: str,
        callback_url: str | None,
        before_send: Callable[[], Awaitable[None]],
    ) -> StartAnswer:
        """Start a run.

        Args:
            before_send: awaited right before the bytes leave, each time they do, when every slot and connection
                there is to wait for is held. What it raises passes through, and nothing is sent.

        Raises:
            APIError: `error.processed` tells what it means for the request.
        """
        ...

    def history(self, technique_id: str, *, since: datetime) -> AsyncIterator[Run]:
        """Yield every run of a technique that this key can see and that was created since then, in any order.

        Raises:
            APIError: history could not be read to its end. What was yielded proves nothing then.
        """
        ...
