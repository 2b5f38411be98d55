"""Debian's Chromium, without a window, for tests of what people see.

Playwright holds the event loop of its thread: while a browser is open, `asyncio.run` needs a thread of its own.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-background-networking")
"""A container's root cannot have Chromium's sandbox; and nothing asks the network of itself."""

_PACKAGES = {"chromium": CHROMIUM.exists(), "playwright": importlib.util.find_spec("playwright") is not None}
_MISSING = next((package for package, is_there in _PACKAGES.items() if not is_there), None)

needs_chromium = pytest.mark.skipif(
    _MISSING is not None and os.environ.get("FLORIST_REQUIRE_CHROMIUM") != "1",
    reason=f"{_MISSING} is not installed",
)
"""The mark of tests that open a browser: skipped where there is none, unless FLORIST_REQUIRE_CHROMIUM is 1."""


@contextmanager
def open_browser() -> Iterator[Any]:
    """Open Chromium for the block; yields Playwright's Browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
