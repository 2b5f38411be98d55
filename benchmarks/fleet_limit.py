"""How long processes that share a limit on starts wait for each other: our slots beside Prefect's own.

    python -m benchmarks.fleet_limit [--starts 20] [--processes 3]

Each process wants all its starts at once; a start holds its slot for 0.12 s, and two may be in flight over all.
Ideal is that both slots are always taken.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from deployments.server_processes import prefect_server

HOLD_SECONDS = 0.12
LIMIT = 2
WORKSPACE = "ws_bench"
AT_MOST = 4.0
"""Times the ideal."""

Slot = Callable[[], AbstractAsyncContextManager[None]]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--starts", type=int, default=20)
    arguments.add_argument("--processes", type=int, default=3)
    arguments.add_argument("--child", choices=("ours", "prefect"))
    given = arguments.parse_args()
    if given.child:
        asyncio.run(child(given.child, given.starts))
        return 0
    ideal = given.starts * given.processes * HOLD_SECONDS / LIMIT
    with tempfile.TemporaryDirectory() as home, prefect_server(Path(home)) as server:
        subprocess.run(
            [sys.executable, "-m", "prefect", "gcl", "create", f"flora-{WORKSPACE}", "--limit", str(LIMIT)],
            env=dict(server.environment),
            check=True,
            capture_output=True,
        )
        walls = {kind: measured(kind, given, dict(server.environment)) for kind in ("prefect", "ours")}
    print(f"{given.processes} processes of {given.starts} starts, {LIMIT} in flight: ideal {ideal:.1f} s")
    return int(walls["ours"] > AT_MOST * ideal)


def measured(kind: str, given: argparse.Namespace, environment: dict[str, str]) -> float:
    """Run the processes side by side; return the seconds of the slowest."""
    command = [sys.executable, "-m", "benchmarks.fleet_limit", "--starts", str(given.starts), "--child", kind]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(command, env=environment, text=True, **pipes)  # type: ignore[call-overload]
        for _ in range(given.processes)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    seen = [json.loads(process.communicate()[0]) for process in processes]
    wall, cpu = max(each["wall"] for each in seen), sum(each["cpu"] for each in seen)
    print(f"{kind:>8}  {wall:5.1f} s, longest wait {max(each['wait'] for each in seen):5.1f} s, CPU {cpu:.1f} s")
    return float(wall)


async def child(kind: str, starts: int) -> None:
    slot = ours() if kind == "ours" else prefects
    waits: list[float] = []

    async def start() -> None:
        asked = time.monotonic()
        async with slot():
            waits.append(time.monotonic() - asked)
            await asyncio.sleep(HOLD_SECONDS)

    async with slot():
        pass
    print("ready", flush=True)
    sys.stdin.readline()
    wall, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(start() for _ in range(starts)))
    figures = {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu, "wait": max(waits)}
    print(json.dumps(figures), flush=True)


def ours() -> Slot:
    from flows.tasks.limits import FleetLimit  # noqa: PLC0415 - Prefect is not for the parent

    return FleetLimit(WORKSPACE).slot


@contextlib.asynccontextmanager
async def prefects() -> AsyncIterator[None]:
    from prefect.concurrency.asyncio import concurrency  # noqa: PLC0415

    async with concurrency(f"flora-{WORKSPACE}", lease_duration=60, strict=True):
        yield


if __name__ == "__main__":
    sys.exit(main())
