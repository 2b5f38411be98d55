"""A studio on a sandbox, and a chain of two steps, with both kinds of archive."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.models import Run
from florist.archive.manifest import Manifest
from florist.pipelines import WalkResult, definitions_of, plan, walk
from florist.pipelines.loading import parse_pipeline
from florist.pipelines.planning import Plan, PlannedStep
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from florist.studio.steps import CampaignRow, StartedStep, StepFunctions, StepResult, Upstream, make_step
from florist.studio.studio import Studio, StudioSteps
from tests.s3_servers.fixtures import moto, seaweedfs_http

__all__ = ["moto", "seaweedfs_http"]

NOW = 1_800_000_000.0
HURRY = 50

CHAIN = """
name: chain
steps:
  still:
    technique: key-visual
    inputs: {prompt: a red barn}
  caption:
    technique: caption-writer
    inputs: {image: "${steps.still.output}"}
  page:
    technique: look-book-page
    inputs: {image: "${steps.still.output}", title: "So: ${steps.caption.output}"}
"""


@dataclass
class Chain(StepFunctions):
    """Walks the chain without Prefect, with something happening before each start."""

    studio: Studio
    sandbox: SandboxServer
    before_start: Callable[[PlannedStep], None] = lambda step: None

    async def run(self, campaign: str = "spring") -> WalkResult[StepResult]:
        pipeline = parse_pipeline(CHAIN, file=Path("chain.yaml"))
        planned = plan(pipeline, {}, await definitions_of(pipeline, self.studio.client))
        self._row = CampaignRow(campaign=campaign)
        return await walk(planned, lambda step, upstream: make_step(step, upstream, self))

    async def start(self, step: PlannedStep, upstream: Upstream, attempt: int) -> StartedStep:
        self.before_start(step)
        return await self.studio.start(step, upstream, self._row, attempt)

    async def wait(self, started: StartedStep) -> Run:
        self.sandbox.clock.advance(1)
        in_an_hour = datetime.now(UTC) + timedelta(hours=1)
        return await self.studio.wait(started, deadline_at=in_an_hour, window=3000)

    async def keep(self, started: StartedStep, run: Run, upstream: Upstream) -> Manifest:
        return await self.studio.keep(started, run, upstream)


@dataclass
class Workshop:
    sandbox: SandboxServer
    store: Store

    @asynccontextmanager
    async def chain(self, **options: Any) -> AsyncIterator[Chain]:
        """The chain as a process of its own runs it."""
        async with connected(self.sandbox) as client:
            studio = Studio(client, self.store)
            yield Chain(studio, self.sandbox, **options)
            await studio.aclose()

    def asked(self, route: str) -> int:
        return self.sandbox.books().requests_by_route.get(route, 0)


async def results_of(studio: Studio, planned: Plan, *, campaign: str, row: str = "") -> dict[str, StepResult]:
    """Walk one row, all of which must be made."""
    functions = StudioSteps(studio, CampaignRow(campaign=campaign, key=row))
    walked = await walk(planned, lambda step, upstream: make_step(step, upstream, functions))
    assert not walked.failed, walked.failed
    return walked.results


def connected(sandbox: SandboxServer) -> FloraAPI:
    """A client whose time is `HURRY` times as fast."""
    return FloraAPI(
        api_key=sandbox.api_key,
        base_url=sandbox.base_url,
        workspace_id=sandbox.workspace_id,
        total_timeout=120.0 * HURRY,
        monotonic=lambda: time.monotonic() * HURRY,
        sleep=lambda seconds: asyncio.sleep(seconds / HURRY),
    )


@pytest.fixture
def settings() -> dict[str, Any]:
    """What the sandbox is set to; tests override it by parametrization."""
    return {}


@pytest.fixture
def sandbox(settings: dict[str, Any], tmp_path: Path) -> Iterator[SandboxServer]:
    wanted = {"duration_scale": 0, "frozen_at": NOW, **settings}
    with ExitStack() as stack:
        yield stack.enter_context(SandboxServer(tmp_path / "flora", Settings(**wanted)))


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "archive")


@pytest.fixture(params=("folder", "moto", "seaweedfs_http"))
def store(request: pytest.FixtureRequest) -> Store:
    found = request.getfixturevalue(request.param)
    return found if isinstance(found, FolderStore) else found.store()


@pytest.fixture
def workshop(sandbox: SandboxServer, store: Store) -> Workshop:
    return Workshop(sandbox, store)
