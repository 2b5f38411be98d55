"""A sandbox, a store, and workers on one campaign; in the end its books are compared with the archive."""

import asyncio
import json
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from pydantic import SecretStr

from flora_sandbox.books import report
from flora_sandbox.database import open_readonly
from florist.api.client import key_fingerprint
from florist.archive.manifest import Manifest
from florist.ledger import Entry, Ledger, State
from florist.ledger.promises import Observation, Promise, Promises
from tests.drills.ledger import fast_sandbox, sweep_once, walk_rows
from tests.drills.ledger.processes import Process

WITHIN = 120.0
STEPS = 3
OUTPUTS_PER_RUN = 1
RESTARTS = 12
PROMISES = {"replay": Promise.REPLAY, "duplicate": Promise.REFUSE, "none": Promise.NEITHER}


@dataclass
class Account:
    """What was paid for, and what is kept.

    Attributes:
        needed: runs that the rows need, each once.
        charged: runs that cost money.
        charged_twice: keys of work of which more than one run cost money.
        kept: of the charged runs, those whose outputs are all in the archive, byte for byte.
        states: entries by where they stand.
        adopted_wrongly: entries that have a run which another request made.
        reviews: entries that a person has to decide.
        unhelpful: of those, the ones whose candidates lack their own run.
    """

    needed: int
    charged: int
    charged_twice: list[str]
    kept: int
    outputs_made: int
    outputs_kept: int
    states: dict[str, int]
    adopted_wrongly: list[str]
    reviews: list[Entry] = field(repr=False, default_factory=list)
    unhelpful: list[Entry] = field(repr=False, default_factory=list)

    def assert_sound(self, *, may_need_review: bool = False) -> None:
        """Hold it against the promise."""
        assert self.charged_twice == [], self
        assert self.adopted_wrongly == [], self
        assert self.unhelpful == [], [(entry.key, entry.note, entry.candidates) for entry in self.unhelpful]
        assert self.charged <= self.needed, self
        if self.reviews:
            assert may_need_review, [entry.note for entry in self.reviews]
            return
        assert set(self.states) <= {State.ARCHIVED, State.FINISHED}, self.states
        assert (self.charged, self.kept) == (self.needed, self.needed), self
        assert self.outputs_kept == self.outputs_made, self


@dataclass
class Scene:
    """One campaign of ten rows, unless said otherwise, and the sandbox it runs at."""

    folder: Path
    store: str
    rows: int = 10
    settings: Mapping[str, Any] = field(default_factory=dict)
    api_key: str = "sk_test_drill"
    steps: str = "three-steps.yaml"
    knows_promise: bool = True
    """Whether it was learnt before what FLORA does with a repeated key."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.began = time.time()
        self.port = _free_port()
        self.kills: Counter[str] = Counter()
        self.workers = 0
        self.reports: list[dict[str, Any]] = []
        self.pipeline = self.folder / self.steps
        shutil.copy(Path(__file__).with_name(self.steps), self.pipeline)
        Image.new("RGB", (64, 64), "crimson").save(self.folder / "dot.png")
        self.sandbox: Process | None = None
        if self.knows_promise:
            asyncio.run(self._learn())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Start the sandbox, the first time or again."""
        settings = {"duration_scale": 0.2, "balance_usd": 100, **self.settings}
        arguments = ["--port", str(self.port), "--data", str(self.folder / "sandbox"), "--began", str(self.began)]
        self.sandbox = Process(fast_sandbox.main, [*arguments, "--settings", json.dumps(settings)])
        deadline = time.monotonic() + WITHIN
        while not self._answers():
            assert time.monotonic() < deadline, "the sandbox does not start"
            time.sleep(0.02)

    def stop_serving(self) -> None:
        """Kill the sandbox. What it has written down stays."""
        if self.sandbox is not None:
            self.sandbox.kill()

    def worker(self, **options: object) -> Process:
        """Start a worker; options as of `walk_rows`, with underscores."""
        self.workers += 1
        given = {
            "flora": f"{self.url}/api/v1",
            "api_key": self.api_key,
            "store": self.store,
            "pipeline": self.pipeline,
            "rows": self.rows,
            "began": self.began,
            "report": self.folder / f"report-{self.workers}.json",
            "log": self.folder / f"worker-{self.workers}.log",
            **options,
        }
        words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not True]
        words += [f"--{name.replace('_', '-')}" for name, value in given.items() if value is True]
        return Process(walk_rows.main, words)

    def sweep(self) -> Process:
        """Start a sweep of FLORA's whole history into the campaign's store."""
        return Process(
            sweep_once.main,
            [
                f"--flora={self.url}/api/v1",
                f"--api-key={self.api_key}",
                f"--store={self.store}",
                f"--began={self.began}",
                f"--log={self.folder / 'sweep.log'}",
            ],
        )

    def work(self, **options: object) -> int:
        """Have a worker work until it ends; return its exit code, or minus the signal."""
        code = self.worker(**options).ended(WITHIN)
        self.kills["kills"] += code == -9
        return code

    def finish(self, **options: object) -> int:
        """Have workers work until all is done, or only a person can help; return how many it took."""
        for count in range(1, RESTARTS + 1):
            if self.work(**options) == 0:
                return count
            failed = set(self.last_report().get("failed", {}).values())
            if failed == {"NeedsReviewError"}:
                return count
        raise AssertionError(f"not done after {RESTARTS} workers: {self.last_report()} in {self.folder}")

    def last_report(self) -> dict[str, Any]:
        path = self.folder / f"report-{self.workers}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def admin(self, what: str, body: object) -> None:
        httpx.post(f"{self.url}/_sandbox/{what}", json=body, timeout=30).raise_for_status()

    def advance(self, seconds: float) -> None:
        self.admin("clock", {"advance": seconds})

    def set_faults(self, *faults: Mapping[str, object]) -> None:
        self.admin("faults", {"faults": faults})

    def start_elsewhere(self, technique: str, inputs: list[dict[str, str]]) -> str:
        """Start a run as somebody else does who has the same key: in FLORA's app, or by another program."""
        answer = httpx.post(
            f"{self.url}/api/v1/techniques/{technique}/runs",
            json={"inputs": inputs, "mode": "async"},
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=30,
        )
        return str(answer.raise_for_status().json()["run_id"])

    def ledger(self) -> Ledger:
        return Ledger(walk_rows.store_named(self.store))

    def entries(self) -> tuple[Entry, ...]:
        return asyncio.run(self.ledger().entries())

    def account(self, *, strangers: frozenset[str] = frozenset()) -> Account:
        """Return what the sandbox's books and the archive say, once all runs have ended."""
        httpx.get(f"{self.url}/_sandbox/books", timeout=30).raise_for_status()
        all_charged = [run for run in self._runs() if run["charged_micros"] and not run["is_stranger"]]
        assert report(self.folder / "sandbox").total.charged == len(all_charged)
        charged = [run for run in all_charged if run["run_id"] not in strangers]
        by_work = Counter(str(run["idempotency_key"]).partition("-")[0] for run in charged)
        entries = self.entries()
        reviews = [entry for entry in entries if entry.is_unresolved]
        kept = asyncio.run(self._kept())
        made = [output for run in charged for output in run["outputs"]]
        return Account(
            needed=self.rows * STEPS,
            charged=len(charged),
            charged_twice=[key for key, count in by_work.items() if count > 1],
            kept=sum(run["outputs"] == kept.get(run["run_id"]) for run in charged),
            outputs_made=len(made),
            outputs_kept=sum(len(kept.get(run["run_id"], ())) for run in charged),
            states=dict(Counter(str(entry.state) for entry in entries)),
            adopted_wrongly=[
                entry.key for entry in entries if entry.has_run and entry.run_id not in self.runs_of(entry.key)
            ],
            reviews=reviews,
            unhelpful=[entry for entry in reviews if not self._shows_its_run(entry)],
        )

    def run_of(self, key: str) -> str | None:
        """Return the run that the sandbox made for a piece of work, as only its books can tell."""
        runs = self.runs_of(key)
        return runs[0] if runs else None

    def runs_of(self, key: str) -> list[str]:
        return [run["run_id"] for run in self._runs() if str(run["idempotency_key"]).startswith(key)]

    def close(self) -> None:
        self.stop_serving()

    def _shows_its_run(self, entry: Entry) -> bool:
        """Whether a review names the run that is its own, if there is one and it may say so."""
        own, shown = self.runs_of(entry.key), {candidate.run_id for candidate in entry.candidates}
        return not own or bool(shown & set(own)) or "another API key" in entry.note

    async def _learn(self) -> None:
        """Have it known what the sandbox does with a repeated key."""
        asked = {"idempotency": "duplicate", "compare_bodies": None, **self.settings}
        promise = PROMISES[asked["idempotency"]]
        is_compared = asked["compare_bodies"] is not False and promise is Promise.REPLAY
        for api_key, route in product((self.api_key, "sk_test_other"), ("techniques", "generations")):
            scope = f"{self.url}/api/v1 {key_fingerprint(SecretStr(api_key))} {route}"
            promises = Promises(walk_rows.store_named(self.store), scope=scope, lasts=timedelta(days=7))
            for is_same_body in (True, False):
                kept = Promise.REFUSE if is_compared and not is_same_body else promise
                seen_at = datetime.fromtimestamp(self.began, UTC)
                await promises.learn(
                    Observation(promise=kept, is_same_body=is_same_body, seen_at=seen_at, age_seconds=1.0)
                )

    def _runs(self) -> list[dict[str, Any]]:
        connection = open_readonly(self.folder / "sandbox")
        try:
            runs = [dict(row) for row in connection.execute("SELECT * FROM runs")]
            for run in runs:
                outputs = "SELECT sha256 FROM outputs WHERE run_id = ? ORDER BY position"
                run["outputs"] = [row["sha256"] for row in connection.execute(outputs, (run["run_id"],))]
        finally:
            connection.close()
        return runs

    async def _kept(self) -> dict[str, list[str]]:
        """Return the hashes of the outputs that the archive's manifests vouch for and that are really there."""
        store = walk_rows.store_named(self.store)
        found: dict[str, list[str]] = {}
        kept = ("campaigns/", "runs/")  # a sweep that does not know a run's row keeps it by its day
        keys = [item.key for folder in kept async for item in store.list(folder) if item.key.endswith(".json")]
        for key in keys:
            manifest = Manifest.model_validate_json(await store.read(key) or b"")
            assert manifest.run_id not in found, f"{manifest.run_id} is kept twice"
            found[manifest.run_id] = [output.sha256 for output in manifest.outputs]
            for output in manifest.outputs:
                told = await store.head(output.key)
                assert told is not None, f"{output.key} is not there"
                assert told.sha256 == output.sha256, f"{output.key} holds other bytes"
        return found

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.url}/_sandbox/clock", timeout=5)
        except httpx.TransportError:
            return False
        return True


@contextmanager
def scene(folder: Path, **options: Any) -> Iterator[Scene]:
    """A scene with its sandbox running."""
    made = Scene(folder, **{"store": str(folder / "archive"), **options})
    try:
        made.serve()
        yield made
    finally:
        made.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
