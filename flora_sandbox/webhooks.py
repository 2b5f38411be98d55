"""Telling a `callback_url` that a run has ended: signed, byte-stable, tried again on a fixed schedule.

Source: the contract, "Webhooks".
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Sequence

from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.faults import Fault, FaultName
from flora_sandbox.outbound import UnreachableError, sent
from flora_sandbox.settings import Settings

API_VERSION = "2026-06-11"
RETRY_AFTER = (10.0, 60.0, 300.0)
TIMEOUT = 10.0
AT_ONCE = 20


class Webhooks:
    """The deliveries of a sandbox, done and due."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def enqueue(self, run_id: str) -> None:
        """Note that a run has ended; a delivery follows if it asked for one."""
        run = self._database.row("SELECT * FROM runs WHERE run_id = ?", run_id)
        if run is None or not run["callback_url"]:
            return
        faults = {fault["name"]: Fault.model_validate(fault) for fault in json.loads(run["faults"])}
        if FaultName.WEBHOOK_LOST in faults:
            return
        late = faults.get(FaultName.WEBHOOK_LATE)
        webhook_id = f"whd_{secrets.token_hex(10)}"
        for _ in range(2 if FaultName.WEBHOOK_DUPLICATE in faults else 1):
            self._database.insert(
                "deliveries",
                webhook_id=webhook_id,
                run_id=run_id,
                url=run["callback_url"],
                type=f"run.{run['final']}",
                body=_body(webhook_id, run),
                next_at=self._clock.now() + (late.seconds if late else 0),
                attempts="[]",
                is_delivered=0,
            )

    async def deliver_due(self) -> None:
        """Make every attempt whose time has come."""
        rows = self._database.rows(
            "SELECT * FROM deliveries WHERE next_at <= ? ORDER BY next_at LIMIT ?", self._clock.now(), AT_ONCE
        )
        await asyncio.gather(*(self._attempt(row) for row in rows))

    def listed(self) -> list[dict[str, object]]:
        """Return every delivery with its attempts."""
        rows = self._database.rows("SELECT * FROM deliveries ORDER BY seq")
        return [
            {
                "id": row["webhook_id"],
                "run_id": row["run_id"],
                "url": row["url"],
                "type": row["type"],
                "body": row["body"].decode(),
                "attempts": json.loads(row["attempts"]),
                "is_delivered": bool(row["is_delivered"]),
                "next_at": row["next_at"],
            }
            for row in rows
        ]

    async def _attempt(self, row: sqlite3.Row) -> None:
        started_at = self._clock.now()
        status = await self._post(row, int(started_at))
        attempts = [*json.loads(row["attempts"]), {"at": started_at, "status": status}]
        delivered = status is not None and 200 <= status < 300
        tries = len(attempts) - 1
        next_at = None
        if not delivered and tries < len(RETRY_AFTER):
            next_at = self._clock.now() + RETRY_AFTER[tries] * self._settings.webhook_time_scale
        self._database.write(
            "UPDATE deliveries SET attempts = ?, is_delivered = ?, next_at = ? WHERE seq = ?",
            json.dumps(attempts),
            delivered,
            next_at,
            row["seq"],
        )

    async def _post(self, row: sqlite3.Row, timestamp: int) -> int | None:
        headers = {
            "Content-Type": "application/json",
            "Flora-Signature": signature(row["body"], timestamp, self._settings.webhook_secrets),
            "Flora-Webhook-Id": row["webhook_id"],
            "Flora-Event": row["type"],
        }
        try:
            async with sent("POST", row["url"], content=row["body"], headers=headers, timeout=TIMEOUT) as response:
                return response.status_code
        except UnreachableError:
            return None


def signature(body: bytes, timestamp: int, signing_secrets: Sequence[str]) -> str:
    """Return the header `Flora-Signature`: one `v1` for each secret."""
    signed = f"{timestamp}.".encode() + body
    parts = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in signing_secrets]
    return ",".join([f"t={timestamp}", *parts])


def _body(webhook_id: str, run: sqlite3.Row) -> bytes:
    data = {
        "run_id": run["run_id"],
        "run_type": run["kind"],
        "workspace_id": run["workspace_id"],
        "status": run["final"],
        "error_code": run["error_code"],
        "error_message": run["error_message"],
    }
    event = {
        "id": webhook_id,
        "type": f"run.{run['final']}",
        "api_version": API_VERSION,
        "created_at": int(run["completed_at"] * 1000),
        "data": {name: value for name, value in data.items() if value is not None},
    }
    return json.dumps(event, separators=(",", ":")).encode()
