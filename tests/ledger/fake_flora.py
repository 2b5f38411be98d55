"""FLORA in memory, as far as the ledger sees it: money, idempotency keys, history, a clock of its own."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from florist.api.errors import (
    AmbiguousRequestError,
    APIStatusError,
    IdempotencyConflictError,
    IdempotencyDuplicateError,
)
from florist.api.models import InputValue, Run, RunStatus, TechniqueRef
from tests.ledger.virtual_time import VirtualTime

LATENCY = 0.1


@dataclass
class Fault:
    """What happens to one POST.

    `is_processed` and `is_answered` say whether it reaches FLORA and its answer us; `after` is how many seconds
    FLORA takes, the answer being lost if that is more than the timeout.
    """

    is_processed: bool = True
    is_answered: bool = True
    after: float = LATENCY
    refusal: APIStatusError | None = None
    burns_key: bool = False


@dataclass
class KnownKey:
    at: datetime
    run_id: str | None
    body: tuple[InputValue, ...] = ()
    refusal: APIStatusError | None = None


@dataclass
class Answer:
    run: Run
    is_replayed: bool = False
    request_id: str | None = "req_1"


@dataclass
class FakeFlora:
    """The service itself, which outlives every process of ours."""

    time: VirtualTime
    behaviour: Literal["replay", "replay-equal", "duplicate", "neither"] = "replay"
    lag: timedelta = timedelta()
    """How late history shows a run."""
    window: timedelta = timedelta(hours=2)
    clock_offset: timedelta = timedelta()
    runs: list[Run] = field(default_factory=list)
    keys: dict[tuple[str, str], KnownKey] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    paid_for: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    posts: int = 0
    took: list[tuple[float, float]] = field(default_factory=list)
    """When each POST left, and when its sender was done with it."""
    bodies: list[tuple[InputValue, ...]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time.now() + self.clock_offset

    def shows(self, run: Run) -> bool:
        return run.created_at is None or run.created_at + self.lag <= self.now()

    def run_by_stranger(self, technique_id: str, *, owner: str = "key-a") -> Run:
        return self._new_run(technique_id, owner)

    def process(
        self, technique_id: str, api_key: str, idempotency_key: str, body: tuple[InputValue, ...] = ()
    ) -> Answer:
        known = self.keys.get((api_key, idempotency_key))
        is_known = known is not None and self.now() - known.at < self.window and self.behaviour != "neither"
        if is_known:
            return self._repeated(known, body)
        run = self._new_run(technique_id, api_key)
        self.keys[api_key, idempotency_key] = KnownKey(self.now(), run.run_id, body)
        self.paid_for.setdefault(idempotency_key.partition("-")[0], []).append(run.run_id)
        return Answer(run)

    def burn(self, api_key: str, idempotency_key: str, refusal: APIStatusError) -> None:
        self.keys[api_key, idempotency_key] = KnownKey(self.now(), None, refusal=refusal)

    def _repeated(self, known: KnownKey, body: tuple[InputValue, ...]) -> Answer:
        if self.behaviour == "duplicate":
            raise IdempotencyDuplicateError(
                "duplicate", status=409, code="idempotency_duplicate", request_id="req_1"
            )
        if self.behaviour == "replay-equal" and known.run_id is not None and body != known.body:
            raise IdempotencyConflictError("another body", status=422, code="idempotency_conflict")
        if known.refusal is not None:
            replayed = copy.copy(known.refusal)
            replayed.is_replayed = True
            raise replayed
        return Answer(next(run for run in self.runs if run.run_id == known.run_id), is_replayed=True)

    def _new_run(self, technique_id: str, owner: str) -> Run:
        run = Run(
            run_id=f"run_{len(self.runs) + 1:04d}",
            status=RunStatus.PENDING,
            created_at=self.now(),
            technique=TechniqueRef(technique_id=technique_id),
        )
        self.runs.append(run)
        self.owners[run.run_id] = owner
        return run


class FloraForProcess:
    """`Flora` as one process sees it, with the client's timeout, and dead when the process is."""

    has_history = True
    timeout = 30.0

    def __init__(
        self,
        flora: FakeFlora,
        *,
        api_key: str,
        process: str,
        guard: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        """Be FLORA for one process.

        Args:
            now: the process's own clock on the wall, by which it reckons FLORA's time between answers.
        """
        self._flora = flora
        self._now = now
        self._offset = timedelta()
        self._asked: tuple[datetime, float] | None = None
        # Processes take no turns with one another, though here they share an event loop.
        self.workspace = f"ws_1 of {process}"
        self._guard = guard
        self.key_fingerprint = api_key
        self.promise_scope = f"https://flora {api_key} techniques"
        self.queue = 0.0
        """Seconds for which a POST waits for a slot before it is announced."""
        self.stall = 0.0
        """Seconds for which this process is stopped right before its bytes leave."""

    def server_now(self) -> datetime:
        return self._now() + self._offset

    async def ask_time(self, *, anew: bool) -> datetime:
        self._guard()
        if anew or not self._is_known():
            await asyncio.sleep(LATENCY)
            self._guard()
            self._offset = self._flora.now() - self._now()
            self._asked = self._now(), self._flora.time.monotonic()
        return self.server_now()

    def _is_known(self) -> bool:
        if self._asked is None:
            return False
        at, monotonic = self._asked
        apart = (self._now() - at).total_seconds() - (self._flora.time.monotonic() - monotonic)
        return abs(apart) < 2.0

    async def post(
        self,
        technique_id: str,
        inputs: Sequence[InputValue],
        *,
        idempotency_key: str,
        callback_url: str | None,
        before_send: Callable[[], Awaitable[None]],
    ) -> Answer:
        self._guard()
        await asyncio.sleep(self.queue)
        await before_send()
        await asyncio.sleep(self.stall)
        self._guard()
        self._flora.posts += 1
        self._flora.bodies.append(tuple(inputs))
        fault = self._flora.faults.pop(0) if self._flora.faults else Fault()
        # What FLORA does goes on, whatever becomes of us.
        processing = asyncio.get_running_loop().create_task(
            self._process(fault, technique_id, idempotency_key, tuple(inputs)), name="flora"
        )
        left_at = self._flora.time.seconds
        try:
            async with asyncio.timeout(self.timeout):
                answer = await asyncio.shield(processing)
        except TimeoutError as error:
            raise AmbiguousRequestError("no answer in time", idempotency_key=idempotency_key) from error
        finally:
            self._flora.took.append((left_at, self._flora.time.seconds))
        self._guard()
        if not fault.is_answered:
            raise AmbiguousRequestError("the connection broke", idempotency_key=idempotency_key)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _process(
        self, fault: Fault, technique_id: str, idempotency_key: str, body: tuple[InputValue, ...]
    ) -> Answer | Exception:
        await asyncio.sleep(fault.after)
        if fault.refusal is not None:
            if fault.burns_key:
                self._flora.burn(self.key_fingerprint, idempotency_key, fault.refusal)
            return fault.refusal
        if not fault.is_processed:
            return AmbiguousRequestError("the connection broke", idempotency_key=idempotency_key)
        try:
            return self._flora.process(technique_id, self.key_fingerprint, idempotency_key, body)
        except APIStatusError as refusal:
            return refusal

    async def history(self, technique_id: str, *, since: datetime) -> AsyncIterator[Run]:
        self._guard()
        await asyncio.sleep(LATENCY)
        for run in reversed(list(self._flora.runs)):
            is_visible = self._flora.owners[run.run_id] == self.key_fingerprint and self._flora.shows(run)
            if is_visible and run.technique and run.technique.technique_id == technique_id:
                if run.created_at and run.created_at < since:
                    return
                yield run
