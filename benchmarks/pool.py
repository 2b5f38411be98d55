"""Reads from a sandbox through a client with 10 connections and one with 100, and prints how long each takes.

    python -m benchmarks.pool [--reads 1000] [--at-once 200]

Both in one process, in turns, so that the ratio holds on a busy machine too. The sandbox has a process of its own.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from florist.api import FloraAPI

SIZES = (10, 100)
ROUNDS = 3


@contextmanager
def sandbox_url() -> Iterator[str]:
    """Serve a sandbox."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "flora_sandbox", "--data", folder], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        yield re.findall(r"http://\S+", process.stdout.readline())[0]
        process.terminate()


async def seconds_taken(url: str, *, size: int, reads: int, at_once: int) -> tuple[float, float]:
    """Return the wall and the CPU seconds that so many reads take with a pool of this size."""
    async with FloraAPI(api_key="sk_test_pool", base_url=url, max_connections=size) as client:
        turns = asyncio.Semaphore(at_once)

        async def read() -> None:
            async with turns:
                await client.workspaces.list()

        await asyncio.gather(*(read() for _ in range(size)))  # connections are made beforehand
        began, cpu_began = time.perf_counter(), time.process_time()
        await asyncio.gather(*(read() for _ in range(reads)))
        return time.perf_counter() - began, time.process_time() - cpu_began


async def measure(url: str, *, reads: int, at_once: int) -> None:
    """Print the best round of each size, and how they compare."""
    best: dict[int, tuple[float, float]] = {}
    for _ in range(ROUNDS):
        for size in SIZES:
            taken = await seconds_taken(url, size=size, reads=reads, at_once=at_once)
            best[size] = min(best.get(size, taken), taken)
    for size, (wall, cpu) in best.items():
        rate, cost = reads / wall, cpu / reads * 1000
        print(f"{size:>4} connections  {wall:6.2f} s  {rate:6.0f} reads/s  {cost:5.2f} ms CPU a read")
    (small, _), (large, _) = (best[size] for size in SIZES)
    print(f"{SIZES[1]} connections take {large / small:.1f} times as long as {SIZES[0]}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=200)
    wanted = parser.parse_args()
    with sandbox_url() as url:
        asyncio.run(measure(url, reads=wanted.reads, at_once=wanted.at_once))


if __name__ == "__main__":
    main()
