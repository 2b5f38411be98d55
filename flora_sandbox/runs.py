"""The state machine of a run: stored together with its charge, moved on by the clock alone, ended once.

pending → running → completed | failed. How a run will end is fixed when it is stored; `settle_due` writes down the
ends whose time has come.
"""

import json
import random
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from flora_sandbox.calls import Call
from flora_sandbox.catalogue import TransientFailure
from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.fault_rules import FaultRules
from flora_sandbox.faults import RUN_CODES, Fault, FaultName, Stage
from flora_sandbox.jobs import Job
from flora_sandbox.money import Purse, micros
from flora_sandbox.planned_ends import PlannedEnd, end_by_faults, first_listed_at
from flora_sandbox.problems import not_found
from flora_sandbox.rendering import Renderer
from flora_sandbox.settings import Settings
from flora_sandbox.techniques import ProjectIds, names_of
from flora_sandbox.webhooks import Webhooks

PATIENCE = 2.0
"""Real seconds a read waits for a run that is due but not made yet."""
QUEUE_SHARE = 0.2
"""Part of a run's duration that it spends as `pending`."""


class Runs:
    """All runs of a sandbox."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        *,
        purse: Purse,
        rules: FaultRules,
        renderer: Renderer,
        webhooks: Webhooks,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._purse = purse
        self._rules = rules
        self._renderer = renderer
        self._webhooks = webhooks

    def create(self, call: Call, job: Job, project: ProjectIds, *, callback_url: str | None = None) -> str:
        """Take the price and store a run; return its id. Making it begins when `begin` is called.

        Raises:
            Problem: 402, nothing was taken and nothing stored.
        """
        faults = call.sticky_faults() + tuple(self._standing(call, job))
        now = self._clock.now()
        run_id = self._insert(
            job,
            project,
            created_at=now,
            listed_at=first_listed_at(now, faults),
            owner=call.owner,
            idempotency_key=call.idempotency_key,
            callback_url=callback_url,
            faults=json.dumps([fault.model_dump(mode="json") for fault in faults]),
            **asdict(end_by_faults(faults) or self._end_by_technique(job)),
        )
        call.run_id, call.technique_id = run_id, job.subject_id
        return run_id

    def create_stranger(self, owner: str, job: Job, project: ProjectIds, *, offset: float) -> str:
        """Store a run that somebody else starts with the same API key, `offset` seconds from now, or ago.

        Raises:
            Problem: 402, the workspace has not that much left.
        """
        at = self._clock.now() + offset
        return self._insert(
            job, project, created_at=at, listed_at=at, owner=owner, faults="[]", is_stuck=0, is_stranger=1
        )

    def _insert(
        self, job: Job, project: ProjectIds, *, created_at: float, listed_at: float, **columns: object
    ) -> str:
        """Take the price and store a run whose duration is drawn from the seed; return its id."""
        price = micros(job.price_usd)
        self._purse.take(project.workspace_id, price)
        run_id = f"run_{secrets.token_hex(10)}"
        number = self._database.insert(
            "runs",
            run_id=run_id,
            price_micros=price,
            charged_micros=price,
            created_at=created_at,
            starts_at=created_at,
            ends_at=created_at,
            listed_at=listed_at,
            **columns,
            **asdict(project),
            **_columns(job),
        )
        duration = self._duration(job, number)
        self._database.write(
            "UPDATE runs SET starts_at = ?, ends_at = ? WHERE seq = ?",
            created_at + QUEUE_SHARE * duration,
            created_at + duration,
            number,
        )
        return run_id

    def begin(self, run_id: str) -> None:
        """Begin to make a stored run, once its transaction is through."""
        row = self._database.row("SELECT planned_error, is_stuck FROM runs WHERE run_id = ?", run_id)
        if row is not None and row["planned_error"] is None and not row["is_stuck"]:
            self._renderer.start(run_id)

    def resume(self) -> None:
        """Go on after a restart."""
        self._renderer.resume()

    def stored(self, run_id: str) -> sqlite3.Row:
        """Return a run as it is stored, without looking at the clock.

        Raises:
            Problem: 404.
        """
        row = self._database.row("SELECT * FROM runs WHERE run_id = ?", run_id)
        if row is None:
            raise not_found()
        return row

    async def retrieve(self, call: Call, run_id: str, *, kind: str | None = None) -> sqlite3.Row:
        """Return a run as it stands now.

        Raises:
            Problem: 404.
        """
        row = self.stored(run_id)
        if kind is not None and row["kind"] != kind:
            raise not_found()
        call.run_id, call.technique_id = run_id, row["subject_id"]
        if self._is_out_of_sight(call, row):
            raise not_found()
        if row["final"] is None and not row["is_stuck"] and row["ends_at"] <= self._clock.now():
            await self._renderer.wait_for([run_id], patience=PATIENCE)
            self.settle([run_id])
            row = self.stored(run_id)
        return row

    async def settle_due(self) -> None:
        """Settle every run whose time is up, giving those not made yet a moment."""
        due = self.due()
        await self._renderer.wait_for(due, patience=PATIENCE)
        self.settle(due)

    def due(self, *, made_only: bool = False) -> list[str]:
        """Return the runs whose time is up and that are not settled."""
        condition = " AND (planned_error IS NOT NULL OR rendered_at IS NOT NULL)" if made_only else ""
        rows = self._database.rows(
            f"SELECT run_id FROM runs WHERE final IS NULL AND is_stuck = 0 AND ends_at <= ?{condition}"  # noqa: S608
            " ORDER BY ends_at",
            self._clock.now(),
        )
        return [row["run_id"] for row in rows]

    def settle(self, run_ids: Iterable[str]) -> None:
        """Write down how runs ended, give back what failed ones were charged, and tell who asked to be told."""
        for run_id in run_ids:
            with self._database.transaction():
                row = self._database.row("SELECT * FROM runs WHERE run_id = ? AND final IS NULL", run_id)
                if row is not None and (row["planned_error"] or row["rendered_at"] is not None):
                    self._settle(row)

    def _settle(self, row: sqlite3.Row) -> None:
        code = row["planned_error"] or row["render_error"]
        completed_at = max(row["ends_at"], row["rendered_at"] or 0)
        charged = row["charged_micros"]
        if code and not self._settings.charge_failed_runs:
            self._purse.give_back(row["workspace_id"], charged)
            charged = 0
        message = row["error_message"] or (_message(code) if code else None)
        self._database.write(
            "UPDATE runs SET final = ?, completed_at = ?, error_code = ?, error_message = ?, charged_micros = ?"
            " WHERE seq = ?",
            "failed" if code else "completed",
            completed_at,
            code,
            message,
            charged,
            row["seq"],
        )
        self._webhooks.enqueue(row["run_id"])

    def _standing(self, call: Call, job: Job) -> Sequence[Fault]:
        named = names_of(job.subject_id)
        run_faults = self._rules.strike_line(Stage.RUN, call.line, named)
        webhook_faults = self._rules.strike_line(Stage.WEBHOOK, call.line, named)
        call.struck += [fault.name.value for fault in (*run_faults, *webhook_faults)]
        return (*run_faults, *webhook_faults)

    def _end_by_technique(self, job: Job) -> PlannedEnd:
        if job.failure is None:
            return PlannedEnd()
        if isinstance(job.failure, TransientFailure) and self._runs_of(job.digest()) >= job.failure.times:
            return PlannedEnd()
        return PlannedEnd(job.failure.code, job.failure.message)

    def _runs_of(self, digest: str) -> int:
        row = self._database.row("SELECT count(*) AS count FROM runs WHERE digest = ? AND NOT is_stranger", digest)
        return 0 if row is None else int(row["count"])

    def _duration(self, job: Job, number: int) -> float:
        draw = random.Random(f"{self._settings.seed}:duration:{number}").uniform(-1, 1)
        return job.seconds * self._settings.duration_scale * (1 + self._settings.duration_jitter * draw)

    def _is_out_of_sight(self, call: Call, row: sqlite3.Row) -> bool:
        age = self._clock.now() - row["created_at"]
        if row["is_stranger"] and age < 0:
            return True
        faults = [*kept_faults(row), *self._rules.strike(Stage.SIGHT, call, names_of(row["subject_id"]))]
        return any(fault.name is FaultName.NOT_FOUND_AT_FIRST and age < fault.seconds for fault in faults)


def _columns(job: Job) -> dict[str, object]:
    return {
        "kind": job.kind,
        "subject_id": job.subject_id,
        "subject_name": job.subject_name,
        "recipe": job.recipe,
        "inputs": json.dumps([(given.id, given.type, given.value) for given in job.given]),
        "params": json.dumps(dict(job.params)),
        "digest": job.digest(),
    }


def kept_faults(row: sqlite3.Row) -> list[Fault]:
    """Return the faults that were given to a run when it was started."""
    return [Fault.model_validate(fault) for fault in json.loads(row["faults"])]


def _message(code: str) -> str:
    return next((message for name, message in RUN_CODES.items() if name.value == code), "The run failed.")
