"""Run history: newest first, filtered, paged."""

import sqlite3
from dataclasses import dataclass

from flora_sandbox.calls import Call
from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.fault_rules import FaultRules
from flora_sandbox.faults import FaultName, Stage
from flora_sandbox.pages import PageStart, decoded, encoded, page_size
from flora_sandbox.settings import Settings
from flora_sandbox.shapes import Meta, RunStatus, RunType
from flora_sandbox.views import status_clause

_MOMENT = "(SELECT created_at, seq FROM runs WHERE seq = ?)"


@dataclass(frozen=True)
class Filters:
    """What history is asked for."""

    kind: RunType
    workspace_id: str | None = None
    project_id: str | None = None
    technique_id: str | None = None
    status: RunStatus | None = None


@dataclass(frozen=True)
class Slice:
    """One page."""

    rows: list[sqlite3.Row]
    meta: Meta


class History:
    """The runs of one caller."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, rules: FaultRules) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._rules = rules

    def page(self, call: Call, filters: Filters, *, limit: int | None, cursor: str | None) -> Slice:
        """Return one page of history."""
        start = decoded(cursor)
        size = page_size(limit, self._settings)
        condition, values = self._condition(call, filters)
        for fault in self._rules.strike(Stage.HISTORY, call):
            if fault.name is FaultName.HISTORY_LAG:
                condition += " AND created_at <= ?"
                values.append(self._clock.now() - fault.seconds)
            elif cursor:
                start = self._shifted(start, fault.shift, condition, values)
        rows = self._rows(condition, values, start, size + 1)
        total = self._database.row(f"SELECT count(*) AS total FROM runs WHERE {condition}", *values)  # noqa: S608
        meta = Meta(next_cursor=None, total_estimate=0 if total is None else total["total"])
        if len(rows) > size:
            meta.next_cursor = encoded(self._next_start(start, rows[size - 1], size))
        return Slice(rows[:size], meta)

    def _rows(self, condition: str, values: list[object], start: PageStart, count: int) -> list[sqlite3.Row]:
        if start.before is not None:
            condition, values = f"{condition} AND (created_at, seq) < {_MOMENT}", [*values, start.before]
        return self._database.rows(
            f"SELECT * FROM runs WHERE {condition} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?",  # noqa: S608 - built here
            *values,
            count,
            start.offset,
        )

    def _next_start(self, start: PageStart, last: sqlite3.Row, size: int) -> PageStart:
        if self._settings.paging == "offset":
            return PageStart(offset=start.offset + size)
        return PageStart(before=last["seq"])

    def _shifted(self, start: PageStart, shift: int, condition: str, values: list[object]) -> PageStart:
        """Return a start that repeats items, as runs added meanwhile do to offsets; or that leaves some out."""
        if start.before is None:
            return PageStart(offset=max(0, start.offset - shift))
        if shift < 0:
            return PageStart(before=start.before, offset=-shift)
        row = self._database.row(
            f"SELECT seq FROM runs WHERE {condition} AND (created_at, seq) >= {_MOMENT}"  # noqa: S608
            " ORDER BY created_at, seq LIMIT 1 OFFSET ?",
            *values,
            start.before,
            shift,
        )
        return PageStart() if row is None else PageStart(before=row["seq"])

    def _condition(self, call: Call, filters: Filters) -> tuple[str, list[object]]:
        clauses = ["listed_at <= ?"]
        values: list[object] = [self._clock.now()]
        if self._settings.history_per_key:
            clauses.append("owner = ?")
            values.append(call.owner)
        clauses.append("kind = ?")
        values.append(filters.kind)
        wanted = {
            "workspace_id": filters.workspace_id,
            "project_id": filters.project_id,
            "subject_id": filters.technique_id,
        }
        for column, value in wanted.items():
            if value is not None:
                clauses.append(f"{column} = ?")
                values.append(value)
        if filters.status is not None:
            clause, given = status_clause(filters.status, self._clock.now())
            clauses.append(clause)
            values += given
        return " AND ".join(clauses), values
