"""200 runs over a real socket; instead of sleeping, the sandbox's clock is moved."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from flora_sandbox.clock import Clock
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api.client import FloraAPI
from florist.api.models import InputValue, Run
from florist.api.watching_schedule import pagefuls

IN_FLIGHT = 200
BRIEF = InputValue(id="brief", type="text", value="Spring flowers")


class CountingTransport(httpx.AsyncHTTPTransport):
    """Counts the reads of each moment of the sandbox's time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.reads: Counter[float] = Counter()
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.reads[self._clock.now()] += 1
        return await super().handle_async_request(request)


async def all_waited_for(sandbox: SandboxServer, transport: CountingTransport) -> list[Run]:
    async def moved(seconds: float) -> None:
        await asyncio.sleep(0)
        sandbox.clock.advance(seconds)

    async with FloraAPI(
        api_key=sandbox.api_key,
        base_url=sandbox.base_url,
        transport=transport,
        monotonic=sandbox.clock.now,
        sleep=moved,
    ) as client:
        create = client.techniques.runs.create
        started = await asyncio.gather(*(create("headline-writer", inputs=[BRIEF]) for _ in range(IN_FLIGHT)))
        transport.reads.clear()
        waits = [client.watcher.wait(run.run_id, technique="headline-writer") for run in started]
        return await asyncio.gather(*waits)


def test_200_runs_of_a_sandbox_cost_a_request_a_second_for_fifty_and_one_each(tmp_path: Path) -> None:
    settings = Settings(frozen_at=1_800_000_000.0, duration_scale=10, duration_jitter=0.9, paging="offset")
    with SandboxServer(tmp_path, settings) as sandbox:
        transport = CountingTransport(sandbox.clock)
        runs = asyncio.run(all_waited_for(sandbox, transport))
    assert all(run.has_outputs for run in runs)
    assert len({run.run_id for run in runs}) == IN_FLIGHT
    seconds = max(transport.reads) - min(transport.reads)
    assert sum(transport.reads.values()) <= IN_FLIGHT + seconds * pagefuls(IN_FLIGHT)
