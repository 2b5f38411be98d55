"""What every test may use: a sandbox, a Prefect server of the session, and a reader of every log line."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent

# What drills and their short versions in the suite have in common; rewritten before either imports it.
pytest.register_assert_rewrite("tests.drills.ledger")

# What must stand in no log line: an API key, and the parts of a URL that make it a signed one.
SECRET = re.compile(
    r"sk_(?:live|test)_\w+|whsec_\w+|[?&](?:signature|sig|X-Amz-Signature|X-Goog-Signature|ik-s|token)=\w",
    re.IGNORECASE,
)


# Folders whose tests share a server of the session: each stays with one worker, or all would start their own.
SHARING_A_SERVER = frozenset({"archive", "flows", "stores", "studio"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        if folder in SHARING_A_SERVER:
            item.add_marker(pytest.mark.xdist_group(folder))


class SecretReader(logging.Handler):
    """Reads every record of the session, of every library, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("botocore", "moto", "hypothesis", "asyncio")):
            return  # their debug lines speak of test credentials, never of FLORA's
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
    yield reader
    root.setLevel(level)
    root.removeHandler(reader)


@pytest.fixture(autouse=True)
def _no_secret_in_any_log_line(_reader: SecretReader) -> Iterator[None]:
    _reader.leaks.clear()
    yield
    assert _reader.leaks == []
