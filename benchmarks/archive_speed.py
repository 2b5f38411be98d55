"""Archives to SeaweedFS side by side with boto3's plainest way to do the same, and prints the ratio.

    python -m benchmarks.archive_speed
    python -m benchmarks.archive_speed overlap [--mib 2048] [--rounds 3]
    python -m benchmarks.archive_speed pipe [--mib 1024] [--rounds 5]
    python -m benchmarks.archive_speed small [--outputs 1000] [--threads 8] [--rounds 5]

SeaweedFS is called by https, as S3 is; `--http` has both sides call it without, where boto3 signs a hash of every
body of ours.

`overlap`: media sent at 100 MB/s; archiving may take 1.15 × the longer of downloading alone and `upload_file`
alone. `pipe`: media sent as fast as they are taken; archiving must reach 0.9 of a thread that downloads and one
that calls `upload_part`, neither of which hashes. `small`: pictures of 50 KB; `put_object` in some threads against
as many threads of ours, from memory, and with each fetched from the server first. Ours must reach 0.8 of its rate.

All sides of a round run one right after the other, in an order that turns with the rounds; the figure is the
median of the rounds' ratios. Ends with exit code 1 where a limit is missed.
"""

import argparse
import asyncio
import http.client
import os
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import boto3
from botocore.config import Config

from benchmarks.media_server import BLOCK, MIB, blocks_of, media_server
from florist.api.models import Run
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.manifest import RunOrigin
from florist.secrets import SignedUrl
from florist.stores.parts import PART_BYTES
from florist.stores.s3 import S3Store
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY, S3Server, seaweedfs_server, weed_program

ORIGIN = RunOrigin(technique_id="tech_benchmark", technique="benchmark")
THROTTLE = 100_000_000
PICTURE_BYTES = 50_000


@dataclass(frozen=True)
class Bench:
    """Where the media come from and where they go."""

    media: str
    s3: S3Server
    folder: Path

    def url(self, path: str) -> str:
        return f"http://{self.media}{path}"

    def store(self, threads: int) -> S3Store:
        access = replace(self.s3.access, parallel_calls=threads)
        return S3Store(self.s3.bucket, f"archive/{uuid4().hex}", access=access)

    def archive(self, urls: list[str], kind: str, threads: int = 16) -> None:
        """Keep one run with these outputs, as a fresh process would."""
        outputs = [{"output_id": f"o{at}", "type": kind, "url": url} for at, url in enumerate(urls)]
        run = Run.model_validate({"run_id": f"run_{uuid4().hex}", "status": "completed", "outputs": outputs})
        asyncio.run(self._keep(run, threads))

    async def _keep(self, run: Run, threads: int) -> None:
        async with Downloader(trusted_hosts=frozenset({self.media})) as downloader:
            store = self.store(threads)
            await store.check()
            # Twice as many: while some are uploaded, others come in.
            await Archiver(store, fetch=downloader.fetch, outputs_at_once=2 * threads).keep(run, ORIGIN)

    def download(self, url: str) -> None:
        """Fetch as the archive does, and drop the bytes."""
        asyncio.run(self._download(url))

    async def _download(self, url: str) -> None:
        async with Downloader(trusted_hosts=frozenset({self.media})) as downloader:
            async for _ in downloader.fetch(SignedUrl(url)):
                pass

    def boto3_client(self, threads: int, **options):
        return boto3.client(
            "s3",
            endpoint_url=self.s3.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            verify=self.s3.ca_bundle,
            config=Config(max_pool_connections=threads, **options),
        )

    def upload_file(self, path: Path) -> None:
        self.boto3_client(10).upload_file(str(path), self.s3.bucket, f"plain/{uuid4().hex}")

    def pipe(self, size_bytes: int) -> None:
        """Download in one thread, `upload_part` in another, at most two parts between them, nothing hashed."""
        # boto3 would hash each part for its signature and once more for its checksum.
        s3 = self.boto3_client(
            2, request_checksum_calculation="when_required", s3={"payload_signing_enabled": False}
        )
        where = {"Bucket": self.s3.bucket, "Key": f"plain/{uuid4().hex}"}
        upload_id = s3.create_multipart_upload(**where)["UploadId"]
        parts: queue.Queue[bytes | None] = queue.Queue(2)
        sent = []

        def upload() -> None:
            while (part := parts.get()) is not None:
                number = len(sent) + 1
                answer = s3.upload_part(**where, UploadId=upload_id, PartNumber=number, Body=part)
                sent.append({"PartNumber": number, "ETag": answer["ETag"]})

        uploader = threading.Thread(target=upload)
        uploader.start()
        connection = http.client.HTTPConnection(self.media)
        connection.request("GET", f"/film/{size_bytes}")
        answer = connection.getresponse()
        while part := answer.read(PART_BYTES):
            parts.put(part)
        parts.put(None)
        uploader.join()
        connection.close()
        s3.complete_multipart_upload(**where, UploadId=upload_id, MultipartUpload={"Parts": sent})

    def put_objects(self, pictures: int, threads: int, *, is_fetched: bool = False) -> None:
        s3 = self.boto3_client(threads)
        data = b"".join(blocks_of("picture", PICTURE_BYTES))
        folder, of_thread = uuid4().hex, threading.local()

        def fetched(number: int) -> bytes:
            if not hasattr(of_thread, "connection"):
                of_thread.connection = http.client.HTTPConnection(self.media)
            of_thread.connection.request("GET", f"/picture/{PICTURE_BYTES}/{number}")
            return of_thread.connection.getresponse().read()

        def put(number: int) -> None:
            body = fetched(number) if is_fetched else data
            s3.put_object(Bucket=self.s3.bucket, Key=f"plain/{folder}/{number}.png", Body=body)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(put, range(pictures)))

    def write(self, pictures: int, threads: int) -> None:
        """Write pictures that are in memory already."""
        asyncio.run(self._write(pictures, threads))

    async def _write(self, pictures: int, threads: int) -> None:
        store, data = self.store(threads), b"".join(blocks_of("picture", PICTURE_BYTES))
        await store.check()
        slots = asyncio.Semaphore(2 * threads)

        async def write(number: int) -> None:
            async with slots:
                await store.write(f"{number}.png", once(data), media_type="image/png")

        await asyncio.gather(*map(write, range(pictures)))


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


Side = tuple[str, Callable[[], None]]


def in_turn(sides: list[Side], rounds: int) -> list[dict[str, float]]:
    """Time every side once a round, beginning with another each time; print as it goes."""
    found = []
    for number in range(rounds):
        turned = sides[number % len(sides) :] + sides[: number % len(sides)]
        seconds = {name: timed(work) for name, work in turned}
        found.append({name: seconds[name] for name, _ in sides})
        shown = ", ".join(f"{name} {taken:.2f} s" for name, taken in found[-1].items())
        print(f"  round {number + 1}: {shown} (load {os.getloadavg()[0]:.1f})", flush=True)
    return found


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def overlap(bench: Bench, options: argparse.Namespace) -> bool:
    size_bytes = (options.mib or 2048) * MIB
    url = bench.url(f"/film/{size_bytes}?rate={THROTTLE}")
    film = bench.folder / "film"
    with film.open("wb") as file:
        for _ in range(size_bytes // MIB):
            file.write(BLOCK)
    sides: list[Side] = [
        ("download", lambda: bench.download(url)),
        ("upload_file", lambda: bench.upload_file(film)),
        ("archive", lambda: bench.archive([url], "videoUrl")),
    ]
    rounds = in_turn(sides, options.rounds or 3)
    ratio = statistics.median(taken["archive"] / max(taken["download"], taken["upload_file"]) for taken in rounds)
    print(f"overlap: {ratio:.2f} × the longer of the two alone (at most 1.15)")
    return ratio <= 1.15


def pipe(bench: Bench, options: argparse.Namespace) -> bool:
    size_bytes = (options.mib or 1024) * MIB
    sides: list[Side] = [
        ("plain pipe", lambda: bench.pipe(size_bytes)),
        ("archive", lambda: bench.archive([bench.url(f"/film/{size_bytes}")], "videoUrl")),
    ]
    rounds = in_turn(sides, options.rounds or 5)
    ratio = statistics.median(taken["plain pipe"] / taken["archive"] for taken in rounds)
    print(f"pipe: {ratio:.2f} of the plain pipe's rate (at least 0.9)")
    return ratio >= 0.9


def small(bench: Bench, options: argparse.Namespace) -> bool:
    urls = [bench.url(f"/picture/{PICTURE_BYTES}/{number}") for number in range(options.outputs)]
    sides: list[Side] = [
        ("put_object", lambda: bench.put_objects(options.outputs, options.threads)),
        ("write", lambda: bench.write(options.outputs, options.threads)),
        ("fetch and put_object", lambda: bench.put_objects(options.outputs, options.threads, is_fetched=True)),
        ("archive", lambda: bench.archive(urls, "imageUrl", options.threads)),
    ]
    rounds = in_turn(sides, options.rounds or 5)
    ratio = statistics.median(taken["put_object"] / taken["write"] for taken in rounds)
    fetched = statistics.median(taken["fetch and put_object"] / taken["archive"] for taken in rounds)
    print(f"small: {ratio:.2f} of put_object's rate (at least 0.8); with each fetched first {fetched:.2f}")
    return min(ratio, fetched) >= 0.8


@contextmanager
def bench_with_servers(*, https: bool = True) -> Iterator[Bench]:
    program = weed_program()
    if program is None:
        raise SystemExit("SeaweedFS is not installed (make seaweedfs)")
    with (
        tempfile.TemporaryDirectory() as place,
        media_server() as media,
        seaweedfs_server(program, Path(place), https=https) as s3,
    ):
        yield Bench(media, s3, Path(place))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="?", choices=("overlap", "pipe", "small", "all"), default="all")
    parser.add_argument("--mib", type=int, help="size of the film")
    parser.add_argument("--outputs", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--http", action="store_true", help="call SeaweedFS without TLS")
    options = parser.parse_args()
    measures = {"small": small, "pipe": pipe, "overlap": overlap}
    chosen = [measure for name, measure in measures.items() if options.which in (name, "all")]
    with bench_with_servers(https=not options.http) as bench:
        missed = sum(not measure(bench, options) for measure in chosen)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
