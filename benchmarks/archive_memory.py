"""Archives big outputs to a folder and to SeaweedFS, and prints how far this process's memory grew.

    python -m benchmarks.archive_memory [--gib 5] [--outputs 1]

The media come from a server in a process of its own. Memory is the peak of the resident set, above what it
was after a first small run had loaded everything; Linux only. Ends with exit code 1 above 100 MB for one output,
or 250 MB for several.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.media_server import MIB, media_server
from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.manifest import RunOrigin
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.s3_servers.servers import moto_server, seaweedfs_server, weed_program

LIMIT_BYTES_OF_ONE, LIMIT_BYTES_OF_SEVERAL = 100_000_000, 250_000_000
ORIGIN = RunOrigin(technique_id="tech_benchmark", technique="benchmark")


def peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def run_of(media: str, run_id: str, sizes: list[int]) -> Run:
    outputs = [
        {"output_id": f"film{at}", "type": "videoUrl", "url": f"http://{media}/film/{size}"}
        for at, size in enumerate(sizes)
    ]
    return Run.model_validate({"run_id": run_id, "status": "completed", "outputs": outputs})


async def measure(name: str, store: Store, media: str, sizes: list[int]) -> float:
    """Archive the outputs of one run; return the growth in bytes."""
    async with Downloader(trusted_hosts=frozenset({media})) as downloader:
        archiver = Archiver(store, fetch=downloader.fetch)
        await archiver.keep(run_of(media, "run_warmup", [MIB]), ORIGIN)
        forget_peak()
        start_bytes, started = peak_bytes(), time.perf_counter()
        await archiver.keep(run_of(media, "run_big", sizes), ORIGIN)
        seconds, growth = time.perf_counter() - started, peak_bytes() - start_bytes
    rate = sum(sizes) / MIB / seconds
    outputs = f"{len(sizes)} × {sizes[0] / MIB:.0f} MiB"
    print(f"| {name} | {outputs} | {growth / 1e6:.0f} MB | {seconds:.1f} s | {rate:.0f} MiB/s |")
    return growth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=5.0, help="size of one output")
    parser.add_argument("--outputs", type=int, default=1, help="outputs of the run, all at once")
    options = parser.parse_args()
    sizes = [int(options.gib * 1024 * MIB)] * options.outputs
    print("| store | outputs | peak memory above start | time | rate |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place, media_server() as media:
        directory = Path(place)
        growths = [asyncio.run(measure("folder", FolderStore(directory / "archive"), media, sizes))]
        program = weed_program()
        s3 = seaweedfs_server(program, directory, https=False) if program else moto_server(directory)
        with s3 as s3_server:
            name = "S3 (SeaweedFS)" if program else "S3 (moto)"
            growths.append(asyncio.run(measure(name, s3_server.store(), media, sizes)))
    return int(max(growths) > (LIMIT_BYTES_OF_ONE if options.outputs == 1 else LIMIT_BYTES_OF_SEVERAL))


if __name__ == "__main__":
    sys.exit(main())
