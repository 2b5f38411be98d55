"""Idempotency keys, in each way that FLORA's pages promise, and in the way that keeps no promise.

`duplicate`: a key that comes again is an error that names no run. `replay`: it brings the first answer again, and
with another body a conflict. `none`: it is processed like any other request. Source: the contract, "Idempotency".
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from flora_sandbox.calls import Call
from flora_sandbox.clock import Clock
from flora_sandbox.database import Database
from flora_sandbox.fault_rules import FaultRules
from flora_sandbox.faults import Fault, FaultName, Stage
from flora_sandbox.problems import Problem, refusal
from flora_sandbox.settings import Settings
from flora_sandbox.techniques import names_in_path


@dataclass
class Answer:
    """A finished answer, as it is kept under its key."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def fingerprint(value: object) -> str:
    """Return a digest of a request that is equal for equal bodies, however they are spaced."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class Keys:
    """The keys that were seen, each with its first answer."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, rules: FaultRules) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._rules = rules

    async def once(self, call: Call, about: str, make: Callable[[], Answer]) -> Answer:
        """Answer a POST: by `make`, or by what its key says when it has come before.

        What `make` writes and the key are one transaction, unless the fault `late_key` parts them.
        """
        if call.idempotency_key is None:
            with self._database.transaction():
                return make()
        known = self._known(call, about)
        if known is not None:
            return known
        faults = {fault.name: fault for fault in self._rules.strike(Stage.KEY, call, names_in_path(call.line))}
        for name in (FaultName.REFUSAL_LOST, FaultName.REFUSAL_BURNT):
            if name in faults:
                raise self._refused_for_good(call, about, faults[name])
        late = faults.get(FaultName.LATE_KEY)
        if late is not None:
            return await self._recorded_late(call, about, make, late)
        return self._recorded_at_once(call, about, make, burns=FaultName.KEY_BURNT in faults)

    def _refused_for_good(self, call: Call, about: str, fault: Fault) -> Problem:
        """Return a refusal that is kept under the key, as if it had been processed."""
        problem = refusal(fault.status)
        self._record(call, about, Answer(problem.status, problem.body()))
        call.is_answer_lost = fault.name is FaultName.REFUSAL_LOST
        return problem

    def _known(self, call: Call, about: str) -> Answer | None:
        if self._settings.idempotency == "none":
            return None
        row = self._database.row(
            "SELECT * FROM keys WHERE owner = ? AND key = ? AND at > ?",
            call.owner,
            call.idempotency_key,
            self._clock.now() - self._settings.key_window,
        )
        if row is None:
            return None
        if self._settings.compares_bodies and row["fingerprint"] != about:
            raise Problem(422, "idempotency_conflict", "Idempotency key was used with another body.")
        if self._settings.idempotency == "duplicate":
            raise Problem(409, "idempotency_duplicate", "Duplicate idempotency key.")
        return Answer(row["status"], row["body"], row["media_type"], {"idempotent-replayed": "true"})

    def _recorded_at_once(self, call: Call, about: str, make: Callable[[], Answer], *, burns: bool) -> Answer:
        try:
            with self._database.transaction():
                answer = make()
                self._record(call, about, answer)
        except Problem as problem:
            if burns and problem.status == 402:
                self._record(call, about, Answer(402, problem.body()))
            raise
        return answer

    async def _recorded_late(self, call: Call, about: str, make: Callable[[], Answer], late: Fault) -> Answer:
        await asyncio.sleep(late.seconds / 2)
        with self._database.transaction():
            answer = make()
        await asyncio.sleep(late.seconds / 2)
        self._record(call, about, answer)
        return answer

    def _record(self, call: Call, about: str, answer: Answer) -> None:
        self._database.write(
            "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)",
            call.owner,
            call.idempotency_key,
            self._clock.now(),
            about,
            answer.status,
            answer.body,
            answer.media_type,
        )
