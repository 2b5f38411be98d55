"""What every test may use: a sandbox, a Prefect server of the session, and a reader of every log line."""

import logging
import os
import re
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent

MISSING_SERVER = re.compile(r"Skipped: (\w+) is not installed")
"""How a fixture says that it has no real server to start."""

# What drills and their short versions in the suite have in common; rewritten before either imports it.
pytest.register_assert_rewrite("tests.drills.ledger", "tests.drills.campaigns", "tests.drills.office")

# What must stand in no log line: an API key, and the parts of a URL that make it a signed one.
SECRET = re.compile(
    r"sk_(?:live|test)_\w+|whsec_\w+|[?&](?:signature|sig|X-Amz-Signature|X-Goog-Signature|ik-s|token)=\w",
    re.IGNORECASE,
)


# Folders whose tests share a server of the session: each stays with one worker, or all would start their own.
SHARING_A_SERVER = frozenset({"archive", "delivery", "flows", "serving", "stores", "studio"})

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=60)
hypothesis.settings.load_profile("suite")

DRILL_TIMEOUT = 1800.0
"""Seconds, the servers' start included; of other tests, see pyproject.toml."""


# Of a command that a script starts with `&`, SIGINT is ignored, and so it would be of every process started here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers a core: half of the time they wait for servers."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        # Browsers have a group of their own.
        if folder in SHARING_A_SERVER and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(folder))
        if item.get_closest_marker("drill"):
            item.add_marker(pytest.mark.timeout(DRILL_TIMEOUT))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Say at the end, before pytest's closing line, which real servers nothing was tried on."""
    yield
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    missing = Counter(found[1] for reason in reasons if (found := MISSING_SERVER.match(reason)))
    for server, count in missing.items():
        terminalreporter.write_line(f"ran without {server} ({count} skipped)", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Leave `fsync` out: what it guards against is a machine that loses power, which no test here has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


NEVER_OF_FLORA = ("botocore", "boto3", "s3transfer", "hypothesis", "asyncio")
"""Their debug lines speak of test credentials alone, and take a tenth of the time."""


class SecretReader(logging.Handler):
    """Reads every record of the session, of every library, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = record.getMessage()
        except Exception:  # noqa: BLE001 - a line that cannot be formatted is somebody else's test
            return
        if SECRET.search(line):
            self.leaks.append(f"{record.name} {record.levelname}: {line[:200]}")


@pytest.fixture(scope="session")
def _reader() -> Iterator[SecretReader]:
    reader = SecretReader()
    root = logging.getLogger()
    root.addHandler(reader)
    level = root.level
    root.setLevel(logging.DEBUG)
    for name in NEVER_OF_FLORA:
        logging.getLogger(name).setLevel(logging.INFO)
    yield reader
    root.setLevel(level)
    root.removeHandler(reader)


@pytest.fixture(autouse=True)
def _no_secret_in_any_log_line(_reader: SecretReader) -> Iterator[None]:
    _reader.leaks.clear()
    yield
    assert _reader.leaks == []
