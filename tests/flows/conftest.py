"""A Prefect server of the session, and a floor that flows run on: a sandbox, an archive, a reader of what Prefect
recorded.

Prefect is imported by fixtures alone, so that whoever runs other tests need not wait for it.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flora_sandbox.books import Books
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from tests.s3_servers.fixtures import moto

__all__ = ["moto"]

ROOT = Path(__file__).resolve().parents[2]
HURRY = 20
"""How many times faster than a clock the client's time goes: its polls, its windows, what it waits after a 429."""
DURATION_SCALE = 0.02
READ_BACK_WITHIN = 30.0
"""Real seconds until the server has recorded all that it was told."""
PENDING = "RunStillPending"
NOON = 1_800_000_000.0
ON_A_FLOOR = [
    pytest.mark.prefect,
    # Prefect leaves connections to its server to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
"""The marks of every test here."""


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a Prefect server and point this process at it; yields what a child needs to find it."""
    from deployments.server_processes import prefect_server

    home = tmp_path_factory.mktemp("prefect")
    with prefect_server(home) as server:
        from prefect import settings

        changes = {
            settings.PREFECT_HOME: home,
            settings.PREFECT_API_URL: server.api_url,
            # A heartbeat costs each flow run more than all its steps here.
            settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            settings.PREFECT_LOGGING_TO_API_BATCH_INTERVAL: 0.1,
        }
        with settings.temporary_settings(changes):
            yield dict(server.environment)


@dataclass
class FlowRun:
    """An ended flow run, as Prefect's server tells it.

    Attributes:
        outcome: what the flow returned or raised.
    """

    state: Any
    outcome: Any

    @property
    def id(self) -> Any:
        return self.state.state_details.flow_run_id

    async def task_runs(self, count: int) -> dict[str, Any]:
        """Return its task runs by name once the server knows that this many have ended."""
        deadline = time.monotonic() + READ_BACK_WITHIN
        while True:
            found = await self._task_runs()
            ended = [task_run for task_run in found if task_run.state and task_run.state.is_final()]
            if len(ended) >= count or time.monotonic() > deadline:
                assert len(ended) == len(found) == count
                return {task_run.name: task_run for task_run in ended}
            await asyncio.sleep(0.1)

    async def states(self, task_run: Any) -> list[str]:
        """Return the names of all states of a task run, in their order."""
        from prefect import get_client

        async with get_client() as client:
            states = await client.read_task_run_states(task_run.id)
        return [state.name for state in sorted(states, key=lambda state: state.timestamp)]

    async def artifacts(self) -> dict[str, Any]:
        """Return its artifacts by key."""
        from prefect import get_client
        from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self.id]))
        async with get_client() as client:
            found = await client.read_artifacts(artifact_filter=mine)
        return {artifact.key: artifact for artifact in found}

    async def log(self) -> list[Any]:
        """Return its log lines, those of its tasks among them, in their order."""
        from prefect import get_client
        from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
        from prefect.client.schemas.sorting import LogSort
        from prefect.logging.handlers import APILogHandler

        await APILogHandler.aflush()
        mine = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self.id]))
        async with get_client() as client:
            return await client.read_logs(mine, sort=LogSort.TIMESTAMP_ASC, limit=200)

    async def _task_runs(self) -> list[Any]:
        from prefect import get_client
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

        mine = FlowRunFilter(id=FlowRunFilterId(any_=[self.id]))
        async with get_client() as client:
            return await client.read_task_runs(flow_run_filter=mine, limit=200)


@dataclass
class Floor:
    """A sandbox, an archive beside it, and the flows on both."""

    sandbox: SandboxServer
    folder: Path
    archive: Any = None
    workspace: Any = None
    written: list[Path] = field(default_factory=list)

    async def run_pipeline(
        self, pipeline: str | Path, params: dict[str, str] | None = None, **given: Any
    ) -> FlowRun:
        from flows.run_pipeline import run_pipeline

        return await self._run(run_pipeline, str(pipeline), params or {}, **given)

    async def run_technique(self, technique: str, inputs: dict[str, str], **given: Any) -> FlowRun:
        from flows.run_technique import run_technique

        return await self._run(run_technique, technique, inputs, **given)

    async def headlines(self, **given: Any) -> FlowRun:
        """Run the cheapest technique there is."""
        return await self.run_technique("headline-writer", {"brief": "Spring flowers"}, **given)

    def pipeline(self, text: str) -> Path:
        """Return a file of these steps."""
        path = self.folder.parent / f"pipeline-{len(self.written)}.yaml"
        path.write_text(text)
        self.written.append(path)
        return path

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs to find the sandbox."""
        return {"FLORA_API_KEY": self.sandbox.api_key, "FLORA_BASE_URL": self.sandbox.base_url}

    @property
    def books(self) -> Books:
        return self.sandbox.books()

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    async def _run(self, flow: Any, *given: Any, **options: Any) -> FlowRun:
        blocks = {"workspace": self.workspace, "archive": self.archive}
        options = {**blocks, **options}
        retries = options.pop("flow_retries", 0)
        state = await flow.with_options(retries=retries)(*given, **options, return_state=True)
        return FlowRun(state, await state.aresult(raise_on_failure=False))


@pytest.fixture(scope="session")
def workspace_type(prefect_environment: dict[str, str]) -> type[Any]:
    """Return the block of a workspace whose client's time is `HURRY` times as fast: nothing need be waited for."""
    from blocks import FloraWorkspace
    from florist.api import FloraAPI

    class HurriedWorkspace(FloraWorkspace):
        _block_type_slug = "hurried-workspace"

        def get_client(self, **options: Any) -> FloraAPI:
            return super().get_client(
                total_timeout=120.0 * HURRY,
                monotonic=lambda: time.monotonic() * HURRY,
                sleep=lambda seconds: asyncio.sleep(seconds / HURRY),
                **options,
            )

    return HurriedWorkspace


@contextmanager
def floor_in(folder: Path, workspace_type: type[Any], **settings: Any) -> Iterator[Floor]:
    """Open a floor with a sandbox of these settings."""
    from blocks import LocalArchive

    with SandboxServer(folder / "sandbox", Settings(**{"duration_scale": DURATION_SCALE, **settings})) as sandbox:
        workspace = workspace_type(api_key=sandbox.api_key, base_url=sandbox.base_url)
        yield Floor(sandbox, folder / "archive", LocalArchive(path=folder / "archive"), workspace)
    gc.collect()  # while Prefect's connections are forgiven


@pytest.fixture
def floor(workspace_type: type[Any], tmp_path: Path) -> Iterator[Floor]:
    with floor_in(tmp_path, workspace_type) as opened:
        yield opened


@pytest.fixture
def still_floor(workspace_type: type[Any], tmp_path: Path) -> Iterator[Floor]:
    """A floor where FLORA's time stands still: no run ends before the clock is moved."""
    with floor_in(tmp_path, workspace_type, frozen_at=NOON) as opened:
        yield opened


class LineWatch(logging.Handler):
    """Does something at the moment when a line is logged for the `count`th time."""

    def __init__(self, part: str, count: int, act: Callable[[], object]) -> None:
        super().__init__()
        self._part, self._left, self._act = part, count, act

    def emit(self, record: logging.LogRecord) -> None:
        if self._part in record.getMessage():
            self._left -= 1
            if self._left == 0:
                self._act()


@pytest.fixture
def at_line() -> Iterator[Callable[[str, int, Callable[[], object]], None]]:
    """Have something done when a task's line with these words is logged for the nth time."""
    logger = logging.getLogger("prefect.task_runs")
    watches: list[LineWatch] = []

    def watch(part: str, count: int, act: Callable[[], object]) -> None:
        watches.append(LineWatch(part, count, act))
        logger.addHandler(watches[-1])

    yield watch
    for handler in watches:
        logger.removeHandler(handler)
