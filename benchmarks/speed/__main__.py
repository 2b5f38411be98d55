"""Measures how long Florist takes beside plain asyncio, one system after another, on the same seed.

    python -m benchmarks.speed --rows 50 --steps 3 --seconds 3
    python -m benchmarks.speed --rows 200 --steps 3 --seconds 30 --jitter 0.3
    python -m benchmarks.speed --rows 500 --steps 1 --seconds 5 --post-seconds 1 --lost 0.05 --mode duplicate

Read the ratios: seconds differ from machine to machine, and on a shared one from minute to minute.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.speed import processes
from benchmarks.speed.figures import Figures, figures_of, table
from benchmarks.speed.task import SYSTEMS
from benchmarks.speed.workload import Workload

SETTLE_SECONDS = 3.0
"""Until Prefect's server has written down what it was told last."""


def measure(work: Workload, wanted: argparse.Namespace, folder: Path) -> list[Figures]:
    """Have each system do the workload, and return their lines."""
    lines: list[Figures] = []
    options = [f"--option={option}" for option in wanted.option]
    options += ["--promise-unknown"] * wanted.promise_unknown
    with processes.archive_server(wanted.archive, folder) as (location, environment):
        for system in wanted.systems:
            own = folder / system
            own.mkdir()
            plain_wall = next((line.wall for line in lines if line.system == "plain"), None)
            lines.append(_line(system, work, options, own, location, environment, plain_wall=plain_wall))
            print(f"{system}: {lines[-1].wall:.1f} s", file=sys.stderr)
    return lines


def _line(
    system: str,
    work: Workload,
    options: Sequence[str],
    folder: Path,
    location: str,
    environment: dict[str, str],
    *,
    plain_wall: float | None,
) -> Figures:
    with ExitStack() as stack:
        flora = stack.enter_context(processes.imitation(work, folder / "imitation.log"))
        started = stack.enter_context(processes.prefect(folder / "prefect")) if system == "prefect" else None
        client, servers = started or (dict(os.environ), frozenset())
        out = folder / "measured.json"
        command = [sys.executable, "-m", "benchmarks.speed.worker", system, f"--flora={flora}/api/v1"]
        command += [f"--workload={work.to_json()}", f"--archive={location}/{system}"]
        command += [f"--folder={folder}", f"--out={out}", *options]
        cpu_before = processes.cpu_seconds(servers)
        with (folder / "worker.log").open("wb") as log:
            subprocess.run(command, env={**client, **environment}, stdout=log, stderr=log, check=True)
        if servers:
            time.sleep(SETTLE_SECONDS)
        server_cpu = processes.cpu_seconds(servers) - cpu_before if servers else None
        report = httpx.get(f"{flora}/_speed/report", timeout=30).json()
        measured = json.loads(out.read_text())
    return figures_of(system, work, measured, report, server_cpu=server_cpu, plain_wall=plain_wall)


def main() -> int:
    wanted = _parser().parse_args()
    work = Workload(
        rows=wanted.rows,
        steps=wanted.steps,
        seconds=wanted.seconds,
        jitter=wanted.jitter,
        post_seconds=wanted.post_seconds,
        lost=wanted.lost,
        mode=wanted.mode,
        bare_history=wanted.bare_history,
        seed=wanted.seed,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lines = measure(work, wanted, Path(folder))
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    if wanted.json:
        told = {"workload": json.loads(work.to_json()), "ideal": work.ideal, "load": load}
        print(json.dumps({**told, "systems": [line.as_json() for line in lines]}, indent=2))
    else:
        print(f"{work.describe()}; archive on {wanted.archive}; {load}\n{table(lines)}")
    return int(any(line.error for line in lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one run")
    parser.add_argument("--jitter", type=float, default=0.0, help="part of it that chance adds or takes: 0.3")
    parser.add_argument("--post-seconds", type=float, default=0.0, help="that FLORA takes to answer a POST")
    parser.add_argument("--lost", type=float, default=0.0, help="share of the answers to POSTs that are lost")
    parser.add_argument("--mode", choices=("replay", "duplicate"), default="replay")
    parser.add_argument("--bare-history", action="store_true", help="its items leave outputs out, as they may")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--archive", choices=("folder", "seaweedfs"), default="folder")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="of the flow or the walk, if it has one of that name: max_in_flight=500",
    )
    parser.add_argument("--promise-unknown", action="store_true", help="as before `florist doctor` has asked")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
