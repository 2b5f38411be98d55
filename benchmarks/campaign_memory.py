"""Walks a campaign of thousands of rows, and prints how far this process's memory grows from row 100 to row 2,000.

    python -m benchmarks.campaign_memory [--rows 2000] [--prefect]

FLORA is an imitation in a process of its own; the archive is a folder. Memory is the resident set once garbage is
collected, the campaign still running; Linux only. Ends with exit code 1 above 20 MB without Prefect. With
Prefect it prints what Prefect keeps beside.
"""

import argparse
import asyncio
import gc
import os
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.speed import processes
from benchmarks.speed.task import API_KEY
from benchmarks.speed.workload import Workload
from florist.api import FloraAPI
from florist.campaigns.events import Done, Event, heard_by, listeners
from florist.campaigns.options import CampaignOptions
from florist.campaigns.walking import walk_plainly
from florist.pipelines import definitions_of, load_pipeline
from florist.pipelines.rows import Rows, plan_rows
from florist.stores.locations import store_at
from florist.studio.studio import Studio

FIRST_ROW = 100
STEPS = 3
IN_FLIGHT = 50
LIMIT_BYTES = 20_000_000


def resident_bytes() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


class Scale:
    """Weighs this process whenever so many rows have ended."""

    def __init__(self, last_row: int) -> None:
        self.weights: dict[int, int] = {}
        self._wanted = {FIRST_ROW, *range(500, last_row, 500), last_row}
        self._rows = 0

    def hear(self, event: Event) -> None:
        if isinstance(event, Done) and event.step == f"step-{STEPS}":
            self._rows += 1
            if self._rows in self._wanted:
                self.weights[self._rows] = resident_bytes()
                print(f"row {self._rows}: {self.weights[self._rows] / 1e6:.1f} MB", flush=True)

    @property
    def growth(self) -> int:
        return self.weights[max(self.weights)] - self.weights[FIRST_ROW]


async def walk_without_prefect(pipeline: Path, rows: Rows, flora: str, archive: Path) -> None:
    loaded = load_pipeline(pipeline)
    async with FloraAPI(api_key=API_KEY, base_url=flora) as client:
        plans = plan_rows(loaded, {}, rows, await definitions_of(loaded, client))
        studio = Studio(client, store_at(str(archive)))
        await studio.check()
        options = CampaignOptions(max_in_flight=IN_FLIGHT)
        await walk_plainly(studio, plans, campaign="spring", options=options, tell=listeners())
        await studio.aclose()


async def walk_with_prefect(pipeline: Path, rows: Rows, flora: str, archive: Path) -> None:
    # Prefect reads the environment when it is imported.
    from blocks import FloraWorkspace, LocalArchive  # noqa: PLC0415
    from flows.run_pipeline import run_pipeline  # noqa: PLC0415

    await run_pipeline(
        str(pipeline),
        rows=rows,
        campaign="spring",
        workspace=FloraWorkspace(api_key=API_KEY, base_url=flora),
        archive=LocalArchive(path=archive),
        max_in_flight=IN_FLIGHT,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--prefect", action="store_true")
    wanted = parser.parse_args()
    # Some more than are weighed, so that the campaign still runs when the last is.
    work = Workload(rows=wanted.rows + 2 * IN_FLIGHT, steps=STEPS, seconds=0.1)
    scale = Scale(wanted.rows)
    walk = walk_with_prefect if wanted.prefect else walk_without_prefect
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        flora = stack.enter_context(processes.imitation(work, folder / "imitation.log"))
        if wanted.prefect:
            environment, _ = stack.enter_context(processes.prefect(folder / "prefect"))
            os.environ.update(environment)
        stack.enter_context(heard_by(scale.hear))
        rows = {name: {"name": name} for name in work.row_names}
        asyncio.run(walk(work.write_pipeline(folder), rows, f"{flora}/api/v1", folder / "archive"))
    print(f"from row {FIRST_ROW} to row {wanted.rows}: {scale.growth / 1e6:+.1f} MB")
    return int(not wanted.prefect and scale.growth > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
