"""Archives big outputs to a folder and to SeaweedFS, and prints how far this process's memory grew.

    python -m benchmarks.archive_memory [--gib 1.0] [--outputs 1]

The media come from a server in a process of its own. Memory is the peak of the resident set, above what it
was after a first small run had loaded everything; Linux only. Ends with exit code 1 above the limit.
"""

import argparse
import asyncio
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.folder import FolderStore
from florist.archive.manifest import RunOrigin
from florist.archive.store import Store
from tests.s3_servers.servers import moto_server, seaweedfs_server, weed_program

MIB = 1024 * 1024
ORIGIN = RunOrigin(technique_id="tech_benchmark", technique="benchmark")


def film_header(size_bytes: int) -> bytes:
    """The boxes of an MP4 before its data: enough to pass for a whole one."""
    start = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 8, b"moov")
    return start + struct.pack(">I4sQ", 1, b"mdat", size_bytes - len(start))


async def serve() -> None:
    """Serve /<size in bytes> until killed; print the port."""
    block = os.urandom(MIB)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        size_bytes = int(re.search(rb"\d+", asked)[0])
        start = film_header(size_bytes)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size_bytes + start)
        left = size_bytes - len(start)
        while left:
            await writer.drain()
            writer.write(block[:left])
            left -= min(left, len(block))
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


def peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def run_of(port: int, run_id: str, sizes: list[int]) -> Run:
    outputs = [
        {"output_id": f"film{at}", "type": "videoUrl", "url": f"http://127.0.0.1:{port}/{size}"}
        for at, size in enumerate(sizes)
    ]
    return Run.model_validate({"run_id": run_id, "status": "completed", "outputs": outputs})


async def measure(name: str, store: Store, port: int, sizes: list[int]) -> float:
    """Archive the outputs of one run; return the growth in MiB."""
    async with Downloader(trusted_hosts=frozenset({f"127.0.0.1:{port}"})) as downloader:
        archiver = Archiver(store, fetch=downloader.fetch)
        await archiver.keep(run_of(port, "run_warmup", [MIB]), ORIGIN)
        forget_peak()
        start_bytes, started = peak_bytes(), time.perf_counter()
        await archiver.keep(run_of(port, "run_big", sizes), ORIGIN)
        seconds, growth = time.perf_counter() - started, (peak_bytes() - start_bytes) / MIB
    rate = sum(sizes) / MIB / seconds
    outputs = f"{len(sizes)} × {sizes[0] / MIB:.0f} MiB"
    print(f"| {name} | {outputs} | {growth:.0f} MiB | {seconds:.1f} s | {rate:.0f} MiB/s |")
    return growth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=1.0, help="size of one output")
    parser.add_argument("--outputs", type=int, default=1, help="outputs of the run, all at once")
    parser.add_argument("--limit-mib", type=float, default=150.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
    sizes = [int(options.gib * 1024 * MIB)] * options.outputs
    command = [sys.executable, "-m", "benchmarks.archive_memory", "--serve"]
    print("| store | outputs | peak memory above start | time | rate |\n|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as place,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            port = int(server.stdout.readline())
            directory = Path(place)
            growths = [asyncio.run(measure("folder", FolderStore(directory / "archive"), port, sizes))]
            program = weed_program()
            s3 = seaweedfs_server(program, directory, https=False) if program else moto_server(directory)
            with s3 as s3_server:
                name = "S3 (SeaweedFS)" if program else "S3 (moto)"
                growths.append(asyncio.run(measure(name, s3_server.store(), port, sizes)))
        finally:
            server.kill()
    return int(max(growths) > options.limit_mib)


if __name__ == "__main__":
    sys.exit(main())
