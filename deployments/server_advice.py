"""Settings without which a Prefect server forgets, at its next start, what it has to mend; only read here."""

from collections.abc import Iterator
from datetime import timedelta

from prefect.client.orchestration import PrefectClient
from pydantic import BaseModel, Field

from deployments.told import Change, Thing

MEMORY = "prefect.server.concurrency.lease_storage.memory"
BUFFER = timedelta(days=1)
"""How long a window that closed while the server was down is kept, so that it still fires once it is up."""


class _Concurrency(BaseModel):
    lease_storage: str = ""


class _Events(BaseModel):
    expired_bucket_buffer: timedelta = BUFFER


class _Server(BaseModel):
    concurrency: _Concurrency = Field(default_factory=_Concurrency)
    events: _Events = Field(default_factory=_Events)


class _Settings(BaseModel):
    server: _Server = Field(default_factory=_Server)


async def server_advice(client: PrefectClient) -> list[Thing]:
    """Return the settings that the server lacks; none if all is well."""
    answer = await client.request("GET", "/admin/settings")
    return list(_lacking(_Settings.model_validate(answer.json()).server))


def _lacking(server: _Server) -> Iterator[Thing]:
    if server.concurrency.lease_storage == MEMORY:
        yield Thing(
            "server setting",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
            Change.MISSING,
            "slots held when the server ends stay taken: set it to "
            "prefect.server.concurrency.lease_storage.filesystem for one server",
        )
    if server.events.expired_bucket_buffer < BUFFER:
        yield Thing(
            "server setting",
            "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER",
            Change.MISSING,
            "flow runs that died with the server stay Running: set it to P1D",
        )
