"""The limit: asyncio and httpx alone. Nothing is kept; where an answer is lost, the run is paid again."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from benchmarks.speed.tally import Tally
from benchmarks.speed.task import API_KEY, Task

POLL_SECONDS = 2.0
"""As FLORA recommends."""


def prepared(task: Task, tally: Tally) -> Callable[[], Coroutine[None, None, None]]:
    """Return the work: start, poll, download."""

    async def walk_all() -> None:
        limits, headers = httpx.Limits(max_connections=100), {"Authorization": f"Bearer {API_KEY}"}
        async with (
            httpx.AsyncClient(base_url=task.flora, limits=limits, timeout=None, headers=headers) as client,
            asyncio.TaskGroup() as rows,
        ):
            for row in task.work.row_names:
                rows.create_task(_walk_row(client, row, task.work.steps, tally))

    return walk_all


async def _walk_row(client: httpx.AsyncClient, row: str, steps: int, tally: Tally) -> None:
    url = ""
    for step in range(1, steps + 1):
        inputs = [{"id": "prompt", "type": "text", "value": row}]
        inputs += [{"id": "image", "type": "imageUrl", "value": url}] if url else []
        run_id = await _started(client, step, inputs)
        run: dict[str, Any] = {}
        while run.get("status") != "completed":
            await asyncio.sleep(POLL_SECONDS)
            run = (await client.get(f"/techniques/step-{step}/runs/{run_id}")).json()
        tally.seen_at[run_id] = time.time()
        url = run["outputs"][0]["url"]
        (await client.get(url)).raise_for_status()
        tally.kept_at[run_id] = time.time()


async def _started(client: httpx.AsyncClient, step: int, inputs: list[dict[str, str]]) -> str:
    while True:
        with contextlib.suppress(httpx.TransportError):
            body = {"inputs": inputs, "mode": "async"}
            answer = await client.post(f"/techniques/step-{step}/runs", json=body)
            return str(answer.json()["run_id"])
