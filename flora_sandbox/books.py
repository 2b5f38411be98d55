"""The accounts: requests, runs, charges and downloads, by idempotency key and by technique.

Tests decide by them whether anything was paid twice. Read from the file itself, so that they can be read beside a
running sandbox, after it, and after its death.
"""

import sqlite3
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, Field

from flora_sandbox.database import open_readonly
from flora_sandbox.money import dollars

_STARTS = "method = 'POST' AND (path LIKE '%/runs' OR path LIKE '%/runs/%' OR path LIKE '%/generate')"


class Line(BaseModel):
    """One line of the books.

    `requests` counts the starts that arrived, also those refused or cut; `charged` the runs that cost money, so
    far; `media_fetched` the downloads that were answered with bytes.
    """

    requests: int = 0
    runs: int = 0
    completed: int = 0
    failed: int = 0
    charged: int = 0
    charged_usd: Decimal = Decimal(0)
    media_fetched: int = 0


class Books(BaseModel):
    """All lines. Starts without a key stand under the empty one.

    `strangers` are the runs that the fault of that name made: they are in no other line. A download there means
    that a client took somebody else's run for its own.
    """

    total: Line = Field(default_factory=Line)
    strangers: Line = Field(default_factory=Line)
    by_key: dict[str, Line] = {}
    by_technique: dict[str, Line] = {}
    balances_usd: dict[str, Decimal] = {}
    requests_by_route: dict[str, int] = {}
    faults_struck: dict[str, int] = {}


def report(data_dir: Path) -> Books:
    """Return the books of a data directory.

    Raises:
        FileNotFoundError: no sandbox has ever run on it.
    """
    connection = open_readonly(data_dir)
    try:
        return Books(
            total=_lines(connection, "'all'", "'all'").get("all", Line()),
            strangers=_of_runs(connection, "'all'", "is_stranger", {}).get("all", Line()),
            by_key=_lines(connection, "coalesce(idempotency_key, '')", "coalesce(idempotency_key, '')"),
            by_technique=_lines(connection, "coalesce(technique_id, '')", "subject_id"),
            balances_usd={
                row["workspace_id"]: dollars(row["micros"]) for row in connection.execute("SELECT * FROM balances")
            },
            requests_by_route=_routes(connection),
            faults_struck=_faults(connection),
        )
    finally:
        connection.close()


def _lines(connection: sqlite3.Connection, of_request: str, of_run: str) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    requests = connection.execute(
        f"SELECT {of_request} AS name, count(*) AS count FROM requests WHERE {_STARTS} GROUP BY name"  # noqa: S608
    )
    for row in requests:
        lines.setdefault(row["name"], Line()).requests = row["count"]
    return _of_runs(connection, of_run, "NOT is_stranger", lines)


def _of_runs(connection: sqlite3.Connection, of_run: str, which: str, lines: dict[str, Line]) -> dict[str, Line]:
    """Add to the lines what the runs of one sort came to."""
    runs = connection.execute(
        f"SELECT {of_run} AS name, count(*) AS count, total(charged_micros) AS micros,"  # noqa: S608 - ours
        " sum(charged_micros > 0) AS charged, sum(final = 'completed') AS completed,"
        f" sum(final = 'failed') AS failed FROM runs WHERE {which} GROUP BY name"
    )
    for row in runs:
        line = lines.setdefault(row["name"], Line())
        line.runs, line.charged = row["count"], row["charged"]
        line.charged_usd = dollars(int(row["micros"]))
        line.completed, line.failed = row["completed"] or 0, row["failed"] or 0
    fetches = connection.execute(
        f"SELECT {of_run} AS name, count(*) AS count FROM fetches JOIN runs USING (run_id)"  # noqa: S608 - ours
        f" WHERE status IN (200, 206) AND {which} GROUP BY name"
    )
    for row in fetches:
        lines.setdefault(row["name"], Line()).media_fetched = row["count"]
    return lines


def _routes(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT coalesce(route, method || ' (no such route)') AS route, count(*) AS count FROM requests GROUP BY 1"
    )
    return {row["route"]: row["count"] for row in rows}


def _faults(connection: sqlite3.Connection) -> dict[str, int]:
    struck: dict[str, int] = {}
    for table in ("requests", "fetches"):
        for row in connection.execute(f"SELECT faults FROM {table} WHERE faults IS NOT NULL"):  # noqa: S608
            for name in row["faults"].split(","):
                struck[name] = struck.get(name, 0) + 1
    return struck
