"""A Prefect server with workers, a sandbox, an archive, and what a person or an accident does to them."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from deployments.server_processes import PrefectServer, server_process
from florist.api import FloraAPI
from florist.ledger import Entry, Ledger, TechniqueRoute
from florist.ledger.promises import Observation, Promise, Promises
from florist.stores.folder import FolderStore

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 420.0
"""Seconds of real time: a request whose answer was lost is left alone for a minute and a half, those of the same
technique for two."""
DEPLOYMENT = "run-pipeline/pipeline-by-file"
TERMINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
STEPS = 3
KEY = "sk_test_drill"
WORKSPACE = "ws_florist0001"
REPLAYS = ["--idempotency", "replay", "--set", "compare_bodies=false"]


@dataclass
class Office:
    """A Prefect server, a sandbox, an archive, and what a person does with them."""

    prefect: PrefectServer
    flora_url: str
    folder: Path

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def python(self, *arguments: str, **variables: str) -> None:
        environment = {
            **self.prefect.environment,
            "FLORA_BASE_URL": self.flora_url,
            "FLORA_API_KEY": KEY,
            # With it, starts are limited over all workers.
            "FLORA_WORKSPACE_ID": WORKSPACE,
            **variables,
        }
        command = [sys.executable, "-m", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def ask(self, method: str, path: str, **body: Any) -> Any:
        for _ in range(10):
            answer = httpx.request(method, f"{self.prefect.api_url}{path}", json=body or None, timeout=60)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # its SQLite is busy: a person presses again
                break
            time.sleep(1)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def run(self, campaign: str, rows: int = 3, **given: Any) -> str:
        """Press Run."""
        file = self.folder / f"{rows}-rows.csv"
        file.write_text("key,name\n" + "".join(f"row-{number},number {number}\n" for number in range(rows)))
        parameters = {"pipeline": str(self.folder / "three-steps.yaml"), "rows": str(file), "campaign": campaign}
        return self.run_deployment(DEPLOYMENT, {**parameters, **given})

    def run_deployment(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Press Run of any deployment."""
        deployment = self.ask("GET", f"/deployments/name/{name}")
        path = f"/deployments/{deployment['id']}/create_flow_run"
        return self.ask("POST", path, parameters=parameters, state={"type": "SCHEDULED"})["id"]

    def set_state(self, flow_run_id: str, kind: str, name: str) -> None:
        """Do what Prefect's UI does when Retry or Cancel is pressed."""
        state = {"type": kind, "name": name, "message": "from the UI"}
        self.ask("POST", f"/flow_runs/{flow_run_id}/set_state", state=state, force=True)

    def retry(self, flow_run_id: str) -> None:
        self.set_state(flow_run_id, "SCHEDULED", "AwaitingRetry")

    def ended(self, flow_run_id: str, *, after: int = 1) -> str:
        """Wait until a flow run has ended for the given time; return how."""
        found = until(
            lambda: self.ask("GET", f"/flow_runs/{flow_run_id}"),
            lambda flow_run: flow_run["run_count"] >= after and flow_run["state_type"] in TERMINAL,
        )
        return str(found["state_type"])

    def sandbox(self, what: str, **body: Any) -> Any:
        url = self.flora_url.replace("/api/v1", f"/_sandbox/{what}")
        answer = httpx.post(url, json=body, timeout=30) if body else httpx.get(url, timeout=30)
        return answer.raise_for_status().json()

    def entries(self, campaign: str) -> list[Entry]:
        found = asyncio.run(Ledger(FolderStore(self.archive)).entries())
        return [entry for entry in found if entry.work.campaign == campaign]

    def charged(self, campaign: str) -> dict[str, int]:
        """Return how many runs each piece of work was charged for, by the sandbox's books."""
        wanted = {entry.key for entry in self.entries(campaign)}
        charged: Counter[str] = Counter()
        for key, line in self.sandbox("books")["by_key"].items():
            if key.partition("-")[0] in wanted:
                charged[key.partition("-")[0]] += line["charged"]
        return dict(charged)

    def assert_paid_once(self, campaign: str, rows: int = 3) -> None:
        entries = self.entries(campaign)
        needed = STEPS * rows
        print(f"\n    {campaign}: {sum(self.charged(campaign).values())} charged, {needed} needed")  # noqa: T201
        assert [str(entry.state) for entry in entries] == ["archived"] * needed
        assert self.charged(campaign) == {entry.key: 1 for entry in entries}
        manifests = list((self.archive / "campaigns" / campaign).rglob("*.json"))
        assert len(manifests) == needed

    def requests(self) -> int:
        return int(self.sandbox("books")["total"]["requests"])


def until(look: Callable[[], Any], is_enough: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + WITHIN
    while not is_enough(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
    return seen


@contextmanager
def worker(office: Office) -> Iterator[int]:
    """A worker with a log of its own; yields its process id."""
    log = office.folder / f"worker-{time.monotonic_ns()}.log"
    environment = {**office.prefect.environment, "PREFECT_WORKER_QUERY_SECONDS": "2"}
    with server_process(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", "florist"],
        log=log,
        environment={name: value for name, value in environment.items() if not name.startswith("FLORA_")},
        is_ready=lambda: "started!" in log.read_text(),
    ) as process:
        yield process.pid


def killed_with_its_flow_runs(worker_pid: int) -> int:
    """SIGKILL a worker and every process below it; return how many those were."""
    family = [worker_pid]
    for pid in family:
        family += children_of(pid)
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    return len(family)


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def furnish(folder: Path) -> None:
    """Put a pipeline and its picture into a folder."""
    shutil.copy(Path(__file__).with_name("ledger") / "three-steps.yaml", folder)
    Image.new("RGB", (64, 64), "crimson").save(folder / "dot.png")


async def learn_that_flora_replays(office: Office) -> None:
    """Have it known, as `florist doctor --probe-idempotency` would; else a lost answer waits for minutes."""
    async with FloraAPI(api_key=KEY, base_url=office.flora_url) as client:
        flora = TechniqueRoute(client)
        now = await flora.ask_time(anew=True)
        promises = Promises(FolderStore(office.archive), scope=flora.promise_scope, lasts=timedelta(days=7))
        for is_same_body in (True, False):
            await promises.learn(
                Observation(promise=Promise.REPLAY, is_same_body=is_same_body, seen_at=now, age_seconds=1.0)
            )
