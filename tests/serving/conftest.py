"""One server for each module that asks for it, over an archive in a folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from florist.stores.folder import FolderStore
from tests.serving.world import HOSTILE, Served, Shop, make_campaigns, served, shop_in

LIMIT = 300_000
"""Bytes that an upload may have in these tests."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over an empty archive."""
    store = FolderStore(tmp_path_factory.mktemp("serving") / "archive")
    with served(store, upload_bytes_at_most=LIMIT) as server:
        yield server


@pytest.fixture(scope="session")
def two_campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an archive with two campaigns, one with names of the worst kind; to be copied."""
    folder = tmp_path_factory.mktemp("campaigns")
    worst = {"<script>alert(1)</script>": {"scene": "<b>bold</b>"}}
    make_campaigns(folder, {"spring": {"sku-1": {"scene": "a red barn"}}, HOSTILE: worst})
    return folder / "archive"


@pytest.fixture(scope="module")
def spring(two_campaigns: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over a copy of it."""
    archive = tmp_path_factory.mktemp("serving") / "archive"
    shutil.copytree(two_campaigns, archive)
    with served(FolderStore(archive)) as server:
        yield server


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A campaign that further takes can be ordered of."""
    with shop_in(tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.fixture(scope="module")
def counter(shop: Shop) -> Iterator[Served]:
    """The server where they are ordered."""
    with served(shop.store, open_flora=shop.flora) as server:
        yield server
