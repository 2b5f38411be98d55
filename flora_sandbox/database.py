"""The sandbox's state: one SQLite file in WAL mode, consistent after a restart or a kill."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "flora.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS balances (workspace_id TEXT PRIMARY KEY, micros INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, route TEXT,
    owner TEXT, idempotency_key TEXT, technique_id TEXT, run_id TEXT, status INTEGER, faults TEXT
);
CREATE TABLE IF NOT EXISTS keys (
    owner TEXT NOT NULL, key TEXT NOT NULL, at REAL NOT NULL, fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL, body BLOB NOT NULL, media_type TEXT NOT NULL, PRIMARY KEY (owner, key)
);
CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, owner TEXT NOT NULL,
    workspace_id TEXT NOT NULL, project_id TEXT NOT NULL, subject_id TEXT NOT NULL, subject_name TEXT NOT NULL,
    recipe TEXT NOT NULL, inputs TEXT NOT NULL, params TEXT NOT NULL, digest TEXT NOT NULL, faults TEXT NOT NULL,
    price_micros INTEGER NOT NULL, charged_micros INTEGER NOT NULL, callback_url TEXT, idempotency_key TEXT,
    created_at REAL NOT NULL, starts_at REAL NOT NULL, ends_at REAL NOT NULL, is_stuck INTEGER NOT NULL,
    planned_error TEXT, rendered_at REAL, render_error TEXT,
    final TEXT, completed_at REAL, error_code TEXT, error_message TEXT,
    listed_at REAL NOT NULL DEFAULT 0, is_stranger INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS runs_newest_by_owner ON runs (owner, kind, created_at, seq);
CREATE INDEX IF NOT EXISTS runs_newest_by_kind ON runs (kind, created_at, seq);
CREATE INDEX IF NOT EXISTS runs_by_digest ON runs (digest);
CREATE INDEX IF NOT EXISTS runs_open ON runs (ends_at) WHERE final IS NULL AND is_stuck = 0;
CREATE TABLE IF NOT EXISTS outputs (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, output_id TEXT NOT NULL, type TEXT NOT NULL, text TEXT,
    file TEXT, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (run_id, position)
);
CREATE TABLE IF NOT EXISTS fetches (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, run_id TEXT NOT NULL, position INTEGER NOT NULL,
    status INTEGER NOT NULL, faults TEXT
);
CREATE INDEX IF NOT EXISTS fetches_by_run ON fetches (run_id);
CREATE TABLE IF NOT EXISTS assets (
    seq INTEGER PRIMARY KEY, asset_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, workspace_id TEXT NOT NULL,
    project_id TEXT, name TEXT, uploaded_via TEXT NOT NULL, upload_content_type TEXT, content_type TEXT,
    size_bytes INTEGER, width INTEGER, height INTEGER, created_at REAL NOT NULL, ready_at REAL,
    failure_message TEXT, upload_token TEXT, upload_expires_at REAL, file TEXT
);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, run_id TEXT NOT NULL, url TEXT NOT NULL,
    type TEXT NOT NULL, body BLOB NOT NULL, next_at REAL, attempts TEXT NOT NULL, is_delivered INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, definition TEXT NOT NULL, seen INTEGER NOT NULL, struck INTEGER NOT NULL
);
"""

_NEW_RUN_COLUMNS = {"listed_at": "REAL NOT NULL DEFAULT 0", "is_stranger": "INTEGER NOT NULL DEFAULT 0"}


class Database:
    """The connection of the server's event loop, the only one that writes.

    A process that is killed loses nothing that was committed: the write-ahead log is the operating system's by
    then. (A power cut may cost the last commits; the file stays whole.)
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(directory / FILE_NAME, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        self._add_missing_columns()

    def _add_missing_columns(self) -> None:
        """Bring a data directory of an earlier version up to date."""
        present = {row["name"] for row in self.rows("PRAGMA table_info(runs)")}
        for name, kind in _NEW_RUN_COLUMNS.items():
            if name not in present:
                self.write(f"ALTER TABLE runs ADD COLUMN {name} {kind}")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen, or nothing. Inside another one it is part of that."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def write(self, sql: str, *values: object) -> int:
        """Run a statement; return the row number it inserted, if it did."""
        return self._connection.execute(sql, values).lastrowid or 0

    def insert(self, table: str, **columns: object) -> int:
        """Insert one row and return its number."""
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        return self.write(f"INSERT INTO {table} ({names}) VALUES ({marks})", *columns.values())  # noqa: S608 - ours

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row, if any."""
        found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows."""
        return self._connection.execute(sql, values).fetchall()

    def remembered(self, name: str) -> str | None:
        """Return what `remember` kept under this name."""
        found = self.row("SELECT value FROM meta WHERE name = ?", name)
        return None if found is None else str(found["value"])

    def remember(self, name: str, value: str) -> None:
        """Keep one value under a name."""
        self.write("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value)

    def secret(self, name: str) -> bytes:
        """Return this data directory's secret of that name, made when first asked for."""
        if self.remembered(name) is None:
            self.remember(name, secrets.token_hex(32))
        return bytes.fromhex(self.remembered(name) or "")


def open_readonly(directory: Path) -> sqlite3.Connection:
    """Return a connection that cannot change anything, also beside a running sandbox.

    Raises:
        FileNotFoundError: no sandbox has ever run on this directory.
    """
    file = directory / FILE_NAME
    if not file.exists():
        raise FileNotFoundError(f"no sandbox has kept its books in {directory}")
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection
