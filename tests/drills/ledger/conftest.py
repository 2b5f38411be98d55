"""The stores the drills keep their campaigns in."""

from collections.abc import Iterator

import pytest

from tests.s3_servers.servers import moto_server, seaweedfs_server, weed_program


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bucket on SeaweedFS or, where that is not installed, on moto."""
    program, folder = weed_program(), tmp_path_factory.mktemp("s3")
    running = seaweedfs_server(program, folder, https=False) if program else moto_server(folder)
    with running as server:
        yield f"{server.endpoint_url}/{server.bucket}"


@pytest.fixture(params=["folder", "s3"])
def store_for(request: pytest.FixtureRequest):
    """Makes a place to keep a campaign in, in a folder or on S3."""
    if request.param == "folder":
        return lambda folder: str(folder / "archive")
    bucket = request.getfixturevalue("s3_url")
    return lambda folder: f"{bucket}/{folder.parent.name}/{folder.name}"
