"""Which downloads share a connection: those from one host, one after the other, and no others."""

import asyncio
from dataclasses import dataclass, field

import pytest

from florist.archive.download import Downloader
from florist.secrets import SignedUrl


@dataclass
class Patient:
    """A server that answers on a connection for as long as it is held open; each answer waits for `may_answer`."""

    port: int = 0
    connections: int = 0
    waiting: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.waiting += 1
                await self.may_answer.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server():
    patient = Patient()
    listening = await asyncio.start_server(patient.handle, "127.0.0.1", 0)
    patient.port = listening.sockets[0].getsockname()[1]
    yield patient
    listening.close()


@pytest.fixture
async def downloader(server):
    async def resolve(host, port):
        return ("127.0.0.1",)

    trusted = frozenset({f"one.test:{server.port}", f"two.test:{server.port}"})
    async with Downloader(trusted_hosts=trusted, resolve=resolve) as downloader:
        yield downloader


async def fetched(downloader: Downloader, server: Patient, host: str) -> bytes:
    url = SignedUrl(f"http://{host}:{server.port}/a.png")
    return b"".join([chunk async for chunk in downloader.fetch(url)])


async def test_downloads_from_one_host_one_after_another_share_a_connection(downloader, server):
    server.may_answer.set()
    assert [await fetched(downloader, server, "one.test") for _ in range(3)] == [b"ok"] * 3
    assert server.connections == 1


async def test_hosts_at_one_address_share_no_connection(downloader, server):
    server.may_answer.set()
    for host in ("one.test", "two.test", "one.test", "two.test"):
        await fetched(downloader, server, host)
    assert server.connections == 2


async def test_downloads_at_once_do_not_wait_for_each_other(downloader, server):
    async with asyncio.timeout(10), asyncio.TaskGroup() as downloads:
        for _ in range(5):
            downloads.create_task(fetched(downloader, server, "one.test"))
        while server.waiting < 5:
            await asyncio.sleep(0)
        server.may_answer.set()
    await fetched(downloader, server, "one.test")
    assert server.connections == 5
