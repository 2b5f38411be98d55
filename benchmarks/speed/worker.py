"""One way to do a workload, in a process of its own; writes what it measured as JSON.

    python -m benchmarks.speed.worker plain|walk|prefect --flora URL --workload JSON --archive PLACE \\
        --folder DIR --out FILE

Each way is a module of its own here, `<name>_system.py`.
"""

import argparse
import asyncio
import importlib
import json
import resource
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from benchmarks.speed.promise import learn
from benchmarks.speed.tally import Tally
from benchmarks.speed.task import SYSTEMS, Task
from benchmarks.speed.workload import workload_of


def measured(work: Callable[[], Coroutine[None, None, None]], tally: Tally) -> dict[str, object]:
    """Do it, and return what it took."""
    began, cpu_began = time.time(), time.process_time()
    error = ""
    try:
        asyncio.run(work())
    except Exception as caught:  # noqa: BLE001 - told in the table: a run that failed is a figure too
        error = f"{type(caught).__name__}: {caught}"[:500]
    return {
        "began": began,
        "wall": time.time() - began,
        "cpu": time.process_time() - cpu_began,
        "error": error,
        "resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "kept_at": tally.kept_at,
        "seen_at": tally.seen_at,
        "store_calls": tally.store_calls,
        "s3_calls": tally.s3_calls,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("--flora", required=True)
    parser.add_argument("--workload", required=True, type=workload_of)
    parser.add_argument("--archive", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--option", action="append", default=[], help="NAME=JSON, where it has such a parameter")
    parser.add_argument("--promise-unknown", action="store_true")
    parser.add_argument("--part", default="0/1", help="1/3: every third row, from the second on")
    wanted = parser.parse_args()
    tally = Tally()
    tally.watch_s3()
    tally.watch_waits()
    task = Task(
        flora=wanted.flora,
        work=wanted.workload,
        archive=wanted.archive,
        folder=wanted.folder,
        part=wanted.part,
        options={name: json.loads(value) for name, value in (pair.split("=", 1) for pair in wanted.option)},
    )
    if wanted.system != "plain" and not wanted.promise_unknown:
        asyncio.run(learn(task))
    tally.forget()
    system = importlib.import_module(f"benchmarks.speed.{wanted.system}_system")
    wanted.out.write_text(json.dumps(measured(system.prepared(task, tally), tally)))


if __name__ == "__main__":
    main()
