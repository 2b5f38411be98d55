"""`florist serve` under 200 readers at once, most of them slow: memory stays bounded, and quick ones are served.

Prints what was measured: pytest -s.
"""

import asyncio
import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from florist.stores.folder import FolderStore
from florist.stores.s3 import S3Store
from florist.stores.store import Store
from tests.s3_servers.fixtures import seaweedfs_http
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY
from tests.serving.world import keep_output

__all__ = ["seaweedfs_http"]

pytestmark = pytest.mark.drill

KEY = "campaigns/spring/sku-1/film/abc-0.mp4"
FILM = b"".join(hashlib.shake_128(str(number).encode()).digest(1024 * 1024) for number in range(64))
SLOW, QUICK = 180, 20
SECONDS = 15.0
GROWTH_AT_MOST = 160 * 1024 * 1024
"""Bytes: 200 blocks, once more in the sockets' buffers, and as much again for what the allocator keeps."""


@pytest.fixture(params=["folder", "seaweedfs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "archive")
    return request.getfixturevalue("seaweedfs_http").store()


def location_of(store: Store) -> str:
    if isinstance(store, S3Store):
        return f"{store.location}?endpoint_url={store.access.endpoint_url}&addressing=path"
    return store.location


@contextmanager
def server(store: Store, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Run `florist serve`; yields its address and process id."""
    (tmp_path / "tokens").write_text("drill drill-drill-drill-drill-drill\n")
    words = ["serve", "--archive", location_of(store), "--port", "0", "--token-file", str(tmp_path / "tokens")]
    secrets = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
    with subprocess.Popen(
        [sys.executable, "-m", "florist.cli", *words, "--quiet"],
        env={**os.environ, **secrets},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert found
        yield found[0], process.pid
        process.terminate()


def resident_bytes(pid: int, what: str = "VmRSS") -> int:
    found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) * 1024


HEADERS = {"authorization": "Bearer drill-drill-drill-drill-drill"}


async def read_slowly(base: str, until: float) -> int:
    """Ask for the film, and read 16 KiB of it every quarter of a second."""
    host, port = base.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.setblocking(False)
    loop, read = asyncio.get_running_loop(), 0
    await loop.sock_connect(connection, (host, int(port)))
    asked = (
        f"GET /media/{KEY} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {HEADERS['authorization']}\r\n\r\n"
    )
    await loop.sock_sendall(connection, asked.encode())
    with connection:
        while time.monotonic() < until:
            read += len(await loop.sock_recv(connection, 16 * 1024))
            await asyncio.sleep(0.25)
    return read


async def read_quickly(base: str, until: float, seconds: list[float]) -> None:
    async with httpx.AsyncClient(base_url=base, headers=HEADERS, timeout=60) as client:
        while time.monotonic() < until:
            began_at = time.monotonic()
            answer = await client.get(f"/media/{KEY}", headers={"range": "bytes=1000000-1065535"})
            assert answer.content == FILM[1_000_000:1_065_536]
            seconds.append(time.monotonic() - began_at)
            await asyncio.sleep(0.1)


async def test_two_hundred_readers_at_once_are_served_in_bounded_memory(store: Store, tmp_path: Path):
    await keep_output(store, KEY, FILM, "video/mp4")
    with server(store, tmp_path) as (base, pid):
        async with httpx.AsyncClient(base_url=base, headers=HEADERS, timeout=60) as client:
            assert (await client.head(f"/media/{KEY}")).status_code == 200
            before = resident_bytes(pid)
            until, seconds = time.monotonic() + SECONDS, list[float]()
            slow = [asyncio.create_task(read_slowly(base, until)) for _ in range(SLOW)]
            quick = [asyncio.create_task(read_quickly(base, until, seconds)) for _ in range(QUICK)]
            whole = await client.get(f"/media/{KEY}")
            read = await asyncio.gather(*slow)
            await asyncio.gather(*quick)
        growth = resident_bytes(pid, "VmHWM") - before
    seconds.sort()
    print(  # noqa: T201
        f"\n{type(store).__name__}: {SLOW} slow readers, {sum(map(bool, read))} served; {len(seconds)} quick "
        f"answers, median {seconds[len(seconds) // 2]:.3f} s, 95 % {seconds[int(len(seconds) * 0.95)]:.3f} s; "
        f"memory {before >> 20} MiB + {growth >> 20} MiB"
    )
    assert whole.content == FILM
    assert all(read)
    assert growth < GROWTH_AT_MOST
