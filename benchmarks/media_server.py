"""Serves media of any size over HTTP, in a process of its own, for benchmarks.

`/film/<bytes>` is an MP4, `/picture/<bytes>/<any name>` a PNG: enough of each to pass for a whole one.
`?rate=<bytes a second>` sends it no faster.
"""

import os
import re
import socketserver
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

MIB = 1024 * 1024
BLOCK = os.urandom(MIB)
THROTTLED_BLOCK_BYTES = 128 * 1024
PICTURE_START, PICTURE_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"


@contextmanager
def media_server() -> Iterator[str]:
    """Run the server; yield its `host:port`."""
    command = [sys.executable, "-m", "benchmarks.media_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def film_start(size_bytes: int) -> bytes:
    """The boxes of an MP4 before its data."""
    start = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 8, b"moov")
    return start + struct.pack(">I4sQ", 1, b"mdat", size_bytes - len(start))


def blocks_of(kind: str, size_bytes: int) -> Iterator[bytes]:
    start, end = (film_start(size_bytes), b"") if kind == "film" else (PICTURE_START, PICTURE_END)
    left = size_bytes - len(start) - len(end)
    yield start + BLOCK[: min(left, MIB)] + (end if left <= MIB else b"")
    left -= min(left, MIB)
    while left:
        yield BLOCK[:left] + (end if left <= MIB else b"")
        left -= min(left, MIB)


class MediaHandler(socketserver.StreamRequestHandler):
    """Answers GET after GET on one connection, as media hosts do."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            asked = re.match(rb"GET /(film|picture)/(\d+)[^ ?]*(?:\?rate=(\d+))?", line)
            self.answer(asked[1].decode(), int(asked[2]), int(asked[3] or 0))

    def answer(self, kind: str, size_bytes: int, bytes_per_second: int) -> None:
        head = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n' % size_bytes
        started, sent = time.monotonic(), 0
        for number, block in enumerate(blocks_of(kind, size_bytes)):
            whole = memoryview(head + block if number == 0 else block)
            for at in range(0, len(whole), THROTTLED_BLOCK_BYTES if bytes_per_second else len(whole)):
                piece = whole[at : at + THROTTLED_BLOCK_BYTES] if bytes_per_second else whole
                self.connection.sendall(piece)
                sent += len(piece)
                if bytes_per_second:
                    time.sleep(max(0.0, started + sent / bytes_per_second - time.monotonic()))


class MediaServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    with MediaServer(("127.0.0.1", 0), MediaHandler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
