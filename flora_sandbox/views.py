"""Stored runs as FLORA's answers show them: never their inputs or their idempotency key."""

import sqlite3
from collections.abc import Iterable

from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.faults import FaultName
from flora_sandbox.money import dollars
from flora_sandbox.runs import kept_faults
from flora_sandbox.settings import Settings
from flora_sandbox.shapes import (
    ActionRef,
    GenerationShape,
    ModelRef,
    OutputShape,
    RunShape,
    RunStatus,
    StartedShape,
    TechniqueRef,
    TechniqueRunShape,
)
from flora_sandbox.shelf import Shelf

API_PATH = "/api/v1"


class Views:
    """How runs look from outside at this moment."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, shelf: Shelf) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._shelf = shelf

    def moment(self, at: float) -> float:
        """Return a moment as the settings spell it."""
        return int(at) if self._settings.times == "seconds" else int(at * 1000)

    def run(self, row: sqlite3.Row, *, technique: str | None = None, with_outputs: bool = True) -> RunShape:
        """Return a run. `technique`: its id or slug as the caller wrote it."""
        status = self.status(row)
        is_over = status in ("completed", "failed")
        return RunShape(
            run_id=row["run_id"],
            status=status,
            progress=self._progress(row, status),
            created_at=self.moment(row["created_at"]),
            started_at=None if status == "pending" else self.moment(row["starts_at"]),
            completed_at=self.moment(row["completed_at"]) if is_over else None,
            charged_cost=float(dollars(row["charged_micros"])),
            error_code=row["error_code"] if is_over else None,
            error_message=row["error_message"] if is_over else None,
            outputs=self._outputs(row) if with_outputs and status == "completed" else None,
            poll_url=self.poll_url(row, technique),
        )

    def created(self, row: sqlite3.Row, *, technique: str) -> RunShape:
        """Return what creating a run answers: it is pending, however short it is set to be."""
        run = self.run(row, technique=technique)
        return run.model_copy(update={"status": "pending", "progress": 0, "started_at": None})

    def technique_run(self, row: sqlite3.Row) -> TechniqueRunShape:
        """Return a history item."""
        run = self.run(row, with_outputs=self._settings.history_with_outputs)
        return TechniqueRunShape(
            **run.model_dump(),
            technique_run_id=row["run_id"],
            project_id=row["project_id"],
            workspace_id=row["workspace_id"],
            technique=TechniqueRef(technique_id=row["subject_id"], name=row["subject_name"]),
        )

    def generation(self, row: sqlite3.Row) -> GenerationShape:
        """Return an item of the generations' history."""
        run = self.run(row, with_outputs=self._settings.history_with_outputs)
        return GenerationShape(
            **run.model_dump(),
            generation_id=row["run_id"],
            project_id=row["project_id"],
            workspace_id=row["workspace_id"],
            model=ModelRef(model_id=row["subject_id"]),
        )

    def started(self, row: sqlite3.Row) -> StartedShape:
        """Return what a top-level route answers to a start."""
        kind = row["kind"]
        subject = row["subject_id"]
        return StartedShape(
            run_id=row["run_id"],
            type=kind,
            charged_cost=float(dollars(row["price_micros"])),
            estimated_seconds=round(row["ends_at"] - row["created_at"], 3),
            project_id=row["project_id"],
            poll_url=self.poll_url(row),
            technique=TechniqueRef(technique_id=subject, name=row["subject_name"])
            if kind == "technique"
            else None,
            model=ModelRef(model_id=subject) if kind == "generation" else None,
            action=ActionRef(action_id=subject) if kind == "action" else None,
        )

    def status(self, row: sqlite3.Row) -> RunStatus:
        """Return where a run stands by the clock."""
        if row["final"] is not None:
            final: RunStatus = row["final"]
            return final
        return "pending" if row["is_stuck"] or self._clock.now() < row["starts_at"] else "running"

    def poll_url(self, row: sqlite3.Row, technique: str | None = None) -> str:
        """Return where a run is polled."""
        root = f"{self._shelf.address}{API_PATH}"
        if row["kind"] != "technique":
            return f"{root}/runs/{row['run_id']}"
        return f"{root}/techniques/{technique or row['subject_id']}/runs/{row['run_id']}"

    def _progress(self, row: sqlite3.Row, status: RunStatus) -> float:
        if status == "completed":
            return 100
        if status == "pending":
            return 0
        length = max(row["ends_at"] - row["starts_at"], 1e-9)
        return min(99, int(100 * (self._clock.now() - row["starts_at"]) / length))

    def _outputs(self, row: sqlite3.Row) -> list[OutputShape]:
        if any(fault.name is FaultName.NO_OUTPUTS for fault in kept_faults(row)):
            return []
        found = self._database.rows("SELECT * FROM outputs WHERE run_id = ? ORDER BY position", row["run_id"])
        return [
            OutputShape(
                output_id=output["output_id"],
                type=output["type"],
                url=output["text"]
                if output["file"] is None
                else self._signed(output["file"], row["completed_at"]),
            )
            for output in found
        ]

    def _signed(self, name: str, completed_at: float) -> str:
        return self._shelf.signed_url(name, completed_at)


def status_clause(status: RunStatus, now: float) -> tuple[str, Iterable[object]]:
    """Return the SQL condition that is true for runs of this status, and its values."""
    if status == "pending":
        return "final IS NULL AND (is_stuck = 1 OR starts_at > ?)", (now,)
    if status == "running":
        return "final IS NULL AND is_stuck = 0 AND starts_at <= ?", (now,)
    return "final = ?", (status,)
