"""The client: FLORA's whole public API for asyncio, in the shape of its own SDK."""

import asyncio
import hashlib
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import NoReturn, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from florist.api.models import Run
from florist.api.rate import Sleep, shared_rate
from florist.api.resources.actions import Actions
from florist.api.resources.assets import Assets
from florist.api.resources.generations import Generations
from florist.api.resources.models import Models
from florist.api.resources.projects import Projects
from florist.api.resources.runs import Runs
from florist.api.resources.technique_runs import TechniqueRuns
from florist.api.resources.techniques import Techniques
from florist.api.resources.workspaces import Workspaces
from florist.api.routes import checked_base_url, is_loopback
from florist.api.run_poller import SIDE_BY_SIDE, RunRoute
from florist.api.storage import Storage
from florist.api.transport import Slot, Transport
from florist.api.watcher import RunWatcher
from florist.errors import ConfigurationError
from florist.secrets import hidden
from florist.settings import FLORA_BASE_URL

POLL_TIMEOUT = 10.0
"""Seconds one poll of a run may take with its retries: the watcher polls again by itself."""


class FloraAPI:
    """FLORA's API, for one API key and one event loop.

    Args:
        base_url: https, save on this machine itself.
        workspace_id: taken by calls that must name a workspace and are given none.
        timeout: seconds one attempt of a request may take.
        total_timeout: seconds one call may take with all its retries.
        max_connections: httpcore looks through its whole pool on every request, so a large one is slow.
        slot: entered before anything that costs is sent, and held until its answer is there; a place to hang
            a limit that spans many processes.
        transport: in place of the network.

    Raises:
        ConfigurationError: an unusable API key or base URL.
    """

    # For the repr of a client that is not finished, in the traceback that says why.
    base_url: str = ""
    workspace_id: str | None = None
    key_fingerprint: str = ""

    def __init__(
        self,
        *,
        api_key: str | SecretStr,
        base_url: str = FLORA_BASE_URL,
        workspace_id: str | None = None,
        timeout: float = 30.0,
        total_timeout: float = 120.0,
        max_connections: int = 10,
        slot: Slot | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        rng = rng or random.Random()  # noqa: S311 - jitter
        # At once and under the same name: the locals of a frame may be printed with its traceback.
        api_key = _checked_api_key(hidden(api_key))
        self.base_url = checked_base_url(base_url)
        self.workspace_id = workspace_id
        self.key_fingerprint = key_fingerprint(api_key)
        self._transport = Transport(
            base_url=self.base_url,
            api_key=api_key,
            timeout=timeout,
            total_timeout=total_timeout,
            max_connections=max_connections,
            slot=slot,
            rate=shared_rate(
                self.base_url, workspace_id or self.key_fingerprint, monotonic=monotonic, sleep=sleep
            ),
            transport=transport,
            trust_env=not self.is_sandbox,
            now=now,
            monotonic=monotonic,
            sleep=sleep,
            rng=rng,
        )
        self._storage = Storage(
            is_sandbox=self.is_sandbox, timeout=timeout, transport=transport, sleep=sleep, rng=rng
        )
        self.techniques = Techniques(self._transport, workspace_id=workspace_id)
        self.runs = Runs(self._transport, workspace_id=workspace_id)
        self.generations = Generations(self._transport, workspace_id=workspace_id)
        self.models = Models(self._transport, workspace_id=workspace_id)
        self.workspaces = Workspaces(self._transport, workspace_id=workspace_id)
        self.projects = Projects(self._transport, workspace_id=workspace_id)
        self.actions = Actions(self._transport, workspace_id=workspace_id)
        self.assets = Assets(
            self._transport,
            workspace_id=workspace_id,
            workspaces=self.workspaces,
            storage=self._storage,
            is_sandbox=self.is_sandbox,
        )

    @property
    def is_sandbox(self) -> bool:
        """Whether it talks to this machine itself, where nothing costs real money."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    def server_now(self) -> datetime:
        """Return the time as FLORA's clock has it, to about a second, learnt from its last answer."""
        return self._transport.server_clock.now()

    @cached_property
    def watcher(self) -> RunWatcher:
        """Waits for runs: one poller for all of this client's."""
        polling = self._transport.for_polling(POLL_TIMEOUT, connections=SIDE_BY_SIDE)
        runs = Runs(polling, workspace_id=self.workspace_id)
        technique_runs = TechniqueRuns(polling, workspace_id=self.workspace_id)
        generations = Generations(polling, workspace_id=self.workspace_id)

        async def retrieve(run_id: str, technique: str | None) -> Run:
            if technique is None:
                return await runs.retrieve(run_id)
            return await technique_runs.retrieve(run_id, technique=technique)

        async def retrieve_by_id(run_id: str, model: str | None) -> Run:
            return await runs.retrieve(run_id)

        return RunWatcher(
            {
                "technique": RunRoute(retrieve, technique_runs.list().page),
                "generation": RunRoute(retrieve_by_id, generations.list().page),
                "action": RunRoute(retrieve_by_id),
            },
            started_at=self._transport.recent_runs.started_at,
            server_now=self.server_now,
            monotonic=self._transport.monotonic,
            sleep=self._transport.sleep,
        )

    async def aclose(self) -> None:
        """Close all connections. Calls in flight end in an error."""
        if "watcher" in vars(self):
            await self.watcher.aclose()
        await self._transport.aclose()
        await self._storage.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        shown = f"{self.base_url!r}, workspace_id={self.workspace_id!r}, key={self.key_fingerprint}"
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} holds connections and an API key: make one where it is needed")


def key_fingerprint(api_key: SecretStr) -> str:
    """Return what may be stored of an API key to tell it from others: 12 hex digits of its SHA-256."""
    return hashlib.sha256(api_key.get_secret_value().encode()).hexdigest()[:12]


def _checked_api_key(api_key: SecretStr) -> SecretStr:
    stripped = SecretStr(api_key.get_secret_value().strip())
    if not stripped or any(not "!" <= character <= "~" for character in stripped.get_secret_value()):
        raise ConfigurationError(
            "the FLORA API key is empty or holds characters no key has: copy it again (sk_live_…, sk_test_…)"
        )
    return stripped
