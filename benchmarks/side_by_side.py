"""Measures POSTs side by side, workers beside workers, and a restart after a kill, each as a ratio or a bound.

    python -m benchmarks.side_by_side                        # 60 rows; a quarter of an hour, most of it waiting
    python -m benchmarks.side_by_side --rows 500 --parts replay duplicate lost
    python -m benchmarks.side_by_side --parts disjoint same newcomer kill-replay kill-duplicate

One technique, a POST takes 1 s, Florist without Prefect. `lost` and the kills wait out settling and patience.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from benchmarks.ledger_listing import records
from benchmarks.speed import processes
from benchmarks.speed.task import CAMPAIGN
from benchmarks.speed.workload import Workload
from florist.ledger import Timing
from florist.stores.locations import store_at

ENTRIES = 10_000
KILLED_AFTER = 6.0
REVIEW = "needs_review"


@dataclass
class Ground:
    """An imitation of FLORA, an archive, and the workers on them."""

    work: Workload
    flora: str
    archive: str
    environment: dict[str, str]
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self, part: str = "0/1", work: Workload | None = None) -> int:
        """Start a worker on some of the rows, and return its number."""
        number = len(self.workers)
        folder = self.folder / f"worker-{number}"
        folder.mkdir()
        command = [sys.executable, "-m", "benchmarks.speed.worker", "walk", f"--flora={self.flora}/api/v1"]
        command += [f"--workload={(work or self.work).to_json()}", f"--archive={self.archive}", f"--part={part}"]
        command += [f"--folder={folder}", f"--out={folder / 'measured.json'}"]
        log = (folder / "worker.log").open("wb")
        environment = {**os.environ, **self.environment}
        self.workers.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        return number

    def measured(self, number: int) -> dict[str, Any]:
        """Wait for a worker's end; return what it measured."""
        if self.workers[number].wait():
            raise RuntimeError((self.folder / f"worker-{number}" / "worker.log").read_text()[-2000:])
        told: dict[str, Any] = json.loads((self.folder / f"worker-{number}" / "measured.json").read_text())
        if told["error"] and REVIEW not in told["error"]:
            raise RuntimeError(told["error"])
        return told

    def report(self) -> dict[str, Any]:
        """Return what the imitation of FLORA has to say."""
        told: dict[str, Any] = httpx.get(f"{self.flora}/_speed/report", timeout=30).json()
        return told


@dataclass(frozen=True)
class Line:
    """One figure, and what it may be at the most, or must be at least."""

    what: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None
    beside: str = ""

    @property
    def holds(self) -> bool:
        return (self.at_most is None or self.figure <= self.at_most) and (
            self.at_least is None or self.figure >= self.at_least
        )

    def __str__(self) -> str:
        bound = f"at most {self.at_most:.2f}" if self.at_most is not None else f"at least {self.at_least:.2f}"
        return f"{'ok  ' if self.holds else 'MISS'} {self.what}: {self.figure:.2f} ({bound}) {self.beside}"


@dataclass(frozen=True)
class Bench:
    """What all parts share."""

    rows: int
    archive: str
    folder: Path

    def work(self, **changes: Any) -> Workload:
        return replace(Workload(rows=self.rows, steps=1, seconds=2.0, post_seconds=1.0, seed=1), **changes)

    @contextmanager
    def ground(self, work: Workload) -> Iterator[Ground]:
        """Have everything fresh."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        with ExitStack() as stack:
            location, environment = stack.enter_context(processes.archive_server(self.archive, folder))
            flora = stack.enter_context(processes.imitation(work, folder / "imitation.log"))
            ground = Ground(work, flora, f"{location}/all", environment, folder)
            stack.callback(lambda: [worker.kill() for worker in ground.workers if worker.poll() is None])
            yield ground

    def alone(self, work: Workload) -> tuple[float, dict[str, Any], dict[str, Any]]:
        """Have one worker do it all; return its seconds, what it measured, and FLORA's report."""
        with self.ground(work) as ground:
            told = ground.measured(ground.worker())
            report = ground.report()
        assert report["charged"] == report["needed"] == work.runs, report
        return told["wall"], told, report

    def timed(self, work: Workload) -> tuple[Workload, float]:
        return work, self.alone(work)[0]


def replay(bench: Bench) -> Iterator[Line]:
    yield _to_limit("replay known", *bench.timed(bench.work()), at_once=8, minutes=1.5)


def duplicate(bench: Bench) -> Iterator[Line]:
    yield _to_limit("duplicate", *bench.timed(bench.work(mode="duplicate")), at_once=1, minutes=9)


def _to_limit(what: str, work: Workload, wall: float, *, at_once: int, minutes: float) -> Line:
    """Compare with the least that so many POSTs at once can take; 500 rows may take so many minutes."""
    limit = 60 * minutes / _least(replace(work, rows=500), at_once)
    beside = f"{wall:.1f} s; 500 rows may take {minutes:g} minutes"
    return Line(f"{what}, to the least it can take", wall / _least(work, at_once), at_most=limit, beside=beside)


def _least(work: Workload, at_once: int) -> float:
    return sum(work.post_latency(1, row) for row in work.row_names) / at_once + work.seconds


def lost(bench: Bench) -> Iterator[Line]:
    timing = Timing()
    # What the last lost row waits for by itself: lease, settling, then patience.
    waited = timing.open_for.total_seconds() + timing.patience
    without, *_ = bench.alone(bench.work(mode="duplicate"))
    wall, told, report = bench.alone(bench.work(mode="duplicate", lost=0.05))
    assert report["lost"], "too few rows for one in twenty to be lost"
    beside = f"{without:.1f} and {wall:.1f} s, {report['lost']} lost, {'some' if told['error'] else 'no'} reviews"
    yield Line("duplicate, 5 % lost to none", (wall - waited) / without, at_most=1.7, beside=beside)


def disjoint(bench: Bench) -> Iterator[Line]:
    yield _three(bench, "three workers on disjoint rows", ["0/3", "1/3", "2/3"], at_least=2.5)


def same(bench: Bench) -> Iterator[Line]:
    yield _three(bench, "three workers on the same rows", ["0/1"] * 3, at_least=0.9)


def _three(bench: Bench, what: str, parts: list[str], *, at_least: float) -> Line:
    work = bench.work(mode="duplicate")
    alone, *_ = bench.alone(work)
    with bench.ground(work) as ground:
        numbers = [ground.worker(part) for part in parts]
        told = [ground.measured(number) for number in numbers]
        report = ground.report()
    assert report["charged"] == report["needed"] == work.runs, report
    together = max(each["began"] + each["wall"] for each in told) - min(each["began"] for each in told)
    return Line(f"{what} to one", alone / together, at_least=at_least, beside=f"{alone:.1f} and {together:.1f} s")


def newcomer(bench: Bench) -> Iterator[Line]:
    work = bench.work(mode="duplicate", rows=max(bench.rows, 60))
    mine = replace(work, rows=work.rows + 1)
    with bench.ground(work) as ground:
        _fill(ground, ENTRIES)
        ground.worker()
        time.sleep(20)
        told = ground.measured(ground.worker(f"{work.rows}/{work.rows + 1}", mine))
        report = ground.report()
    [row] = set(mine.row_names) - set(work.row_names)
    waited = report["first_posts"][row] - told["began"]
    calls = {name: count for name, count in told["store_calls"].items() if name.startswith(("read", "list"))}
    yield Line(f"first start beside a busy worker and {ENTRIES:,} entries, seconds", waited, at_most=5.0)
    yield Line("its reads and listings", sum(calls.values()), at_most=150, beside=str(calls))


def _fill(ground: Ground, entries: int) -> None:
    """Have entries of the technique in the ledger, of the last hour."""
    os.environ.update(ground.environment)
    store = store_at(ground.archive)

    async def write(number: int, places: asyncio.Semaphore) -> None:
        for record in records(number)[-2:]:
            key = f"ledger/entries/tech_step1/{record.key}/{record.number:04d}.json"
            async with places:
                await store.create(key, record.model_dump_json().encode())

    async def write_all() -> None:
        places = asyncio.Semaphore(16)
        await asyncio.gather(*(write(number, places) for number in range(entries)))

    asyncio.run(write_all())


def kill_replay(bench: Bench) -> Iterator[Line]:
    yield from _killed(bench, "replay")


def kill_duplicate(bench: Bench) -> Iterator[Line]:
    yield from _killed(bench, "duplicate")


def _killed(bench: Bench, mode: str) -> Iterator[Line]:
    work = bench.work(mode=mode, rows=max(bench.rows, 100))
    with bench.ground(work) as ground:
        ground.worker()
        while not ground.report()["charged"]:
            time.sleep(0.1)
        time.sleep(KILLED_AFTER)
        ground.workers[0].kill()
        before = set(ground.report()["first_posts"])
        again_at = time.time()
        told = ground.measured(ground.worker())
        report = ground.report()
    new = min(at for row, at in report["first_posts"].items() if row not in before)
    beside = f"after {len(before)} of {work.rows} rows; {told['wall']:.0f} s to the end"
    yield Line(f"killed amid POSTs, {mode}: seconds to the first new POST", new - again_at, 20.0, beside=beside)
    yield Line(f"killed amid POSTs, {mode}: charged beyond", report["charged"] - work.runs, at_most=0)
    kept = len(set(report["ends"]) & set(told["kept_at"]))
    missing = work.runs - len(before) - kept
    yield Line(f"killed amid POSTs, {mode}: new rows not kept", max(missing, 0), at_most=0, beside=told["error"])


PARTS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "replay": replay,
    "duplicate": duplicate,
    "lost": lost,
    "disjoint": disjoint,
    "same": same,
    "newcomer": newcomer,
    "kill-replay": kill_replay,
    "kill-duplicate": kill_duplicate,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--archive", choices=("folder", "seaweedfs"), default="folder")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    wanted = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = Bench(wanted.rows, wanted.archive, Path(folder))
        for part in wanted.parts:
            for line in PARTS[part](bench):
                print(line, flush=True)
                missed += not line.holds
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{wanted.rows} rows, campaign {CAMPAIGN}, archive on {wanted.archive}; {load}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
