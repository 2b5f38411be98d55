"""FLORA, a store, and processes of ours that die."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from florist.api.models import InputValue, Run, RunStatus
from florist.ledger import Body, Entry, InputIdentity, Ledger, Spender, Started, Timing, Work
from florist.ledger.promises import Observation, Promise, Promises
from florist.stores.store import Store
from tests.ledger.fake_flora import FakeFlora, FloraForProcess
from tests.ledger.memory_store import MemoryStore
from tests.ledger.virtual_time import VirtualTime

TECHNIQUE = "tech_still"
PROMISES = {
    "replay": Promise.REPLAY,
    "replay-equal": Promise.REPLAY,
    "duplicate": Promise.REFUSE,
    "neither": Promise.NEITHER,
}


class KilledError(BaseException):
    """What a killed process sees of its end: nothing of it is caught, and nothing runs after."""


def work(row: str = "1", **changes: Any) -> Work:
    fields: dict[str, Any] = {
        "technique_id": TECHNIQUE,
        "inputs": (InputIdentity.of_text("prompt", "a vase"),),
        "campaign": "spring",
        "row": row,
        "step": "still",
    }
    return Work(**{**fields, **changes})


async def inputs(signed_at: datetime | None = None) -> Body:
    return Body((InputValue(id="prompt", type="text", value="a vase"),))


class StoreOfProcess:
    """The store as one process reaches it: not at all once it is dead.

    Attributes:
        hinder: awaited after each write, before its answer; may sleep, or lose the answer by raising.
    """

    def __init__(self, store: Store, guard: Callable[[], None]) -> None:
        self._store = store
        self._guard = guard
        self.hinder: Callable[[str], Awaitable[None]] | None = None

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        self._guard()
        created = await self._store.create(key, data, media_type=media_type)
        if self.hinder is not None:
            await self.hinder(key)
        self._guard()
        return created

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not callable(member):
            return member

        def call(*args: Any, **kwargs: Any) -> Any:
            self._guard()
            return member(*args, **kwargs)

        return call


@dataclass
class Process:
    """One process of ours: its own clocks' error, and a moment at which it is killed."""

    world: "World"
    name: str
    api_key: str = "key-a"
    clock_error: timedelta = timedelta()
    dies_at: str | None = None
    dies_after: int = 0
    is_dead: bool = False
    passed: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flora = FloraForProcess(
            self.world.flora, api_key=self.api_key, process=self.name, guard=self._guard, now=self.now
        )
        self.store = StoreOfProcess(self.world.store, self._guard)
        self.spender = Spender(
            Ledger(self.store),  # type: ignore[arg-type]
            self.flora,
            owner=self.name,
            now=self.now,
            monotonic=self.world.time.monotonic,
            checkpoint=self._pass,
            **{"timing": self.world.timing, **self.options},
        )

    def now(self) -> datetime:
        return self.world.time.now() + self.clock_error

    def kill(self) -> None:
        self.is_dead = True

    def _guard(self) -> None:
        if self.is_dead:
            raise KilledError(self.name)

    def _pass(self, point: str) -> None:
        self._guard()
        self.passed.append(point)
        if point == self.dies_at:
            if self.dies_after == 0:
                self.is_dead = True
                raise KilledError(point)
            self.dies_after -= 1

    async def start(self, wanted: Work, **options: Any) -> Started:
        return await self.spender.start(wanted, inputs, **options)


@dataclass
class World:
    behaviour: Any = "replay"
    timing: Timing = field(default_factory=Timing)
    store: Any = None
    time: VirtualTime = field(default_factory=VirtualTime)
    names: int = 0
    knows_promise: bool = True
    """Whether it was learnt before what FLORA does with a repeated key."""

    def __post_init__(self) -> None:
        self.flora = FakeFlora(self.time, behaviour=self.behaviour)
        self.store = self.store or MemoryStore(self.flora.now)
        self.ledger = Ledger(self.store)
        if self.knows_promise:
            self.learn(PROMISES[self.behaviour])

    def learn(self, promise: Promise, *, api_key: str = "key-a") -> None:
        """Have it known what FLORA does with a repeated key, whatever the body."""
        scope = f"https://flora {api_key} techniques"
        promises = Promises(self.store, scope=scope, lasts=timedelta(days=7), monotonic=self.time.monotonic)

        async def note() -> None:
            for is_same_body in (True, False):
                refuses = promise is Promise.REPLAY and self.behaviour == "replay-equal" and not is_same_body
                kept = Promise.REFUSE if refuses else promise
                await promises.learn(
                    Observation(promise=kept, is_same_body=is_same_body, seen_at=self.time.now(), age_seconds=1.0)
                )

        self.run(note())

    def process(self, **options: Any) -> Process:
        self.names += 1
        return Process(self, f"process-{self.names}", **options)

    def start(self, wanted: Work | None = None, **options: Any) -> Started:
        """Have a fresh process start a piece of work."""
        return self.run(self.process(**options).start(wanted or work()))

    def run(self, coroutine: Any) -> Any:
        return self.time.run(_whole(coroutine))

    def die(self, process: Process, *wanted: Work) -> None:
        """Have a process start pieces of work side by side and die."""

        async def until_death() -> None:
            results = await asyncio.gather(
                *(process.start(each) for each in wanted or (work(),)), return_exceptions=True
            )
            assert process.is_dead, results

        self.run(until_death())

    def entry(self, wanted: Work | None = None) -> Entry:
        wanted = wanted or work()
        entry = self.run(self.ledger.entry(wanted.key, wanted.technique_id))
        assert entry is not None
        return entry

    def claims(self) -> dict[str, str]:
        prefix = "ledger/claims/"

        async def read() -> dict[str, str]:
            run_ids = [
                found.key.removeprefix(prefix).removesuffix(".json") async for found in self.store.list(prefix)
            ]
            return {run_id: await self.ledger.claimant(run_id) or "" for run_id in run_ids}

        return self.run(read())

    def charged(self, wanted: Work | None = None) -> int:
        return len(self.flora.paid_for.get((wanted or work()).key, ()))


async def _whole(coroutine: Any) -> Any:
    """Run to the end, FLORA's own doings included."""
    try:
        return await coroutine
    finally:
        flora = [task for task in asyncio.all_tasks() if task.get_name() == "flora"]
        await asyncio.gather(*flora, return_exceptions=True)


def completed(run_id: str, **changes: Any) -> Run:
    fields: dict[str, Any] = {
        "run_id": run_id,
        "status": RunStatus.COMPLETED,
        "charged_usd": "0.12",
        "outputs": ({"output_id": "image", "type": "text", "url": "a caption"},),
    }
    return Run.model_validate({**fields, **changes})
