"""The processes of one measurement, and the CPU seconds of those we cannot ask."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.speed.workload import Workload
from deployments.server_processes import prefect_server
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY, seaweedfs_server, weed_program

_TICKS = os.sysconf("SC_CLK_TCK")


class NoSeaweedFSError(Exception):
    """`make seaweedfs` installs it."""


@contextmanager
def imitation(work: Workload, log: Path) -> Iterator[str]:
    """Serve an imitation of FLORA, fresh for each system; yields its root."""
    command = [sys.executable, "-m", "benchmarks.speed.imitation", work.to_json()]
    with log.open("wb") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


@contextmanager
def archive_server(kind: str, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Have a place for archives; yields its location and what the environment must say of it."""
    if kind == "folder":
        yield str(folder / "archive"), {}
        return
    program = weed_program()
    if program is None:
        raise NoSeaweedFSError
    with seaweedfs_server(program, folder / "seaweedfs", https=False) as server:
        environment = {
            "AWS_ENDPOINT_URL": server.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        yield f"s3://{server.bucket}", environment


@contextmanager
def prefect(home: Path) -> Iterator[tuple[dict[str, str], frozenset[int]]]:
    """Run a Prefect server; yields the environment of its clients, and its processes."""
    before = _children(os.getpid())
    with prefect_server(home) as server:
        roots = _children(os.getpid()) - before
        # A server's first answer takes it half a second; one that has been at work has given it long ago.
        httpx.get(f"{server.environment['PREFECT_API_URL']}/admin/version", timeout=30).raise_for_status()
        yield dict(server.environment), roots | {grown for root in roots for grown in _children(root)}


def cpu_seconds(processes: frozenset[int]) -> float:
    """Return what these processes have used so far, user and system, their ended children included."""
    return sum(_ticks(process) for process in processes) / _TICKS


def _ticks(process: int) -> int:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return 0
    return sum(int(field) for field in stat.rpartition(")")[2].split()[11:15])


def _children(parent: int) -> frozenset[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields and int(fields[1]) == parent:
            found.add(int(entry.name))
    return frozenset(found)
