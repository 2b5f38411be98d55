"""One small archive with real media, and one browser, for all tests here."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from florist.stores.folder import FolderStore
from tests.browsers import open_browser
from tests.gallery.imagined import product_campaign
from tests.s3_servers.fixtures import moto, seaweedfs_http

__all__ = ["moto", "seaweedfs_http"]

T = TypeVar("T")


def in_own_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run something asynchronous although a browser holds this thread's event loop."""
    done: list[T] = []
    thread = threading.Thread(target=lambda: done.append(asyncio.run(work())))
    thread.start()
    thread.join()
    return done[0]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """A folder that keeps campaigns `spring`, whole, and `autumn`, with gaps of every kind."""
    store = FolderStore(tmp_path_factory.mktemp("gallery") / "archive")

    async def make() -> None:
        await product_campaign(store, 3, distinct=1)
        await product_campaign(store, 5, campaign="autumn", failing=True, distinct=1)

    in_own_thread(make)
    return store


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@dataclass
class Page:
    """A page of the browser, and everything that it complained of or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def open(self, address: str | Path) -> Any:
        """Open a file or an address, and wait until the sheet is there."""
        self.page.goto(address.as_uri() if isinstance(address, Path) else address)
        self.page.wait_for_selector("html[data-ready=yes]", state="attached")
        return self.page

    def hosts(self) -> set[str]:
        """Return where it has asked for anything; blob: and data: are its own."""
        return {url.split("/")[2] for url in self.requested if not url.startswith(("blob:", "data:"))}


@pytest.fixture
def sheet_page(browser: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    page = context.new_page()
    opened = Page(page)
    page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: opened.complaints.append(f"error: {error}"))
    page.on("request", lambda request: opened.requested.append(request.url))
    yield opened
    context.close()
