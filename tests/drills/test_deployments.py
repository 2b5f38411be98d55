"""prefect.yaml on a fresh Prefect server: deployed, taken by a real worker, retried, scheduled."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.server_processes import PrefectServer, prefect_server, sandbox_server, server_process
from tests.drills.office import WITHIN, until

ROOT = Path(__file__).resolve().parents[2]
WORK_POOL = "florist"
PIPELINE = "run-pipeline/pipeline-by-file"
FORM = "product-launch/product-launch"
TERMINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass
class Studio:
    """The servers of this drill, and what it asks them."""

    prefect: PrefectServer
    flora_url: str
    folder: Path

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def environment(self) -> dict[str, str]:
        return {**self.prefect.environment, "FLORA_BASE_URL": self.flora_url, "FLORA_API_KEY": "sk_test_drill"}

    def python(self, *arguments: str) -> str:
        """Run a module from the checkout, as a person at a terminal does."""
        command = [sys.executable, "-m", *arguments]
        ended = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=WITHIN
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def ask(self, method: str, path: str, **body: Any) -> Any:
        # A server on SQLite answers 503 while its database is locked; Prefect's own client asks again, too.
        answer = until(
            lambda: httpx.request(method, f"{self.prefect.api_url}{path}", json=body or None, timeout=30),
            lambda answer: answer.status_code != httpx.codes.SERVICE_UNAVAILABLE,
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> dict[str, Any]:
        return self.ask("GET", f"/deployments/name/{name}")

    def run(self, name: str, **parameters: Any) -> str:
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return self.ask("POST", path, parameters=parameters, state={"type": "SCHEDULED"})["id"]

    def ended(self, flow_run_id: str, *, after: int = 1) -> dict[str, Any]:
        """Wait until a flow run has ended for the given time."""
        return until(
            lambda: self.ask("GET", f"/flow_runs/{flow_run_id}"),
            lambda flow_run: flow_run["run_count"] >= after and flow_run["state_type"] in TERMINAL,
        )

    def paid(self) -> dict[str, Any]:
        """What FLORA was asked for and charged."""
        books = httpx.get(self.flora_url.replace("/api/v1", "/_sandbox/books"), timeout=30).json()
        return {name: books["total"][name] for name in ("requests", "runs", "charged_usd")}


@contextmanager
def worker(studio: Studio) -> Iterator[None]:
    """A process worker started far from the checkout, with no key in its environment."""
    environment = {**studio.prefect.environment, "PREFECT_WORKER_QUERY_SECONDS": "2"}
    log = studio.folder / "worker.log"
    elsewhere = (
        f"import os, runpy, sys; os.chdir({str(studio.folder)!r}); sys.argv = ['prefect', 'worker', 'start', "
    )
    elsewhere += f"'--pool', {WORK_POOL!r}]; runpy.run_module('prefect', run_name='__main__')"
    with server_process(
        [sys.executable, "-c", elsewhere],
        log=log,
        environment={name: value for name, value in environment.items() if not name.startswith("FLORA_")},
        is_ready=lambda: "started!" in log.read_text(),
    ):
        yield


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("deployments")
    options = ["--duration-scale", "0.2"]
    with (
        sandbox_server(folder / "sandbox", options=options) as flora_url,
        prefect_server(folder / "prefect") as prefect,
    ):
        studio = Studio(prefect, flora_url, folder)
        began = time.monotonic()
        studio.python("deployments.prepare", "--archive", str(studio.archive))
        prepared = time.monotonic()
        said = studio.python("florist.cli", "deploy")
        show(prepare_seconds=prepared - began, deploy_seconds=time.monotonic() - prepared)
        assert said.count("\tnew\t") == (ROOT / "prefect.yaml").read_text().count("entrypoint:"), said
        yield studio


def show(**figures: object) -> None:
    print("\n" + "\n".join(f"{name:>24} {value}" for name, value in figures.items()))  # noqa: T201


@pytest.mark.drill
def test_prepare_and_deploy_again_change_nothing(studio: Studio) -> None:
    before = {name: studio.deployment(name)["id"] for name in (PIPELINE, FORM)}
    said = studio.python("deployments.prepare", "--archive", str(studio.archive))
    studio.python("prefect", "--no-prompt", "deploy", "--all")
    assert [line.split("  ")[0] for line in said.splitlines()] == ["as it was"] * 3
    assert {name: studio.deployment(name)["id"] for name in before} == before


@pytest.mark.drill
def test_deployments_and_blocks_as_prefect_s_api_shows_them_hold_no_key(studio: Studio) -> None:
    shown = json.dumps([studio.ask("POST", "/deployments/filter"), studio.ask("POST", "/block_documents/filter")])
    assert "sk_test_drill" not in shown


@pytest.mark.drill
def test_worker_elsewhere_takes_a_deployment_to_completed_with_outputs_kept(studio: Studio) -> None:
    with worker(studio):
        began = time.monotonic()
        flow_run = studio.ended(studio.run(FORM, campaign="drill"))
        seconds = time.monotonic() - began
    kept = {path.suffix for path in (studio.archive / "campaigns/drill").rglob("*") if path.is_file()}
    show(seconds_until_completed=seconds, flow_seconds=flow_run["total_run_time"], kept=sorted(kept))
    assert flow_run["state_type"] == "COMPLETED", flow_run["state"]
    assert {".png", ".txt", ".mp4", ".pdf", ".json"} <= kept


@pytest.mark.drill
def test_failed_flow_run_retried_from_the_ui_resumes_without_a_second_charge(studio: Studio) -> None:
    blocker = studio.archive / "campaigns/retried/single/film"
    blocker.parent.mkdir(parents=True)
    blocker.write_text("a file where a folder has to be: the film cannot be kept")
    with worker(studio):
        flow_run_id = studio.run(PIPELINE, campaign="retried")
        failed = studio.ended(flow_run_id)
        paid = studio.paid()
        blocker.unlink()
        # What the Retry button sends.
        retry = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}
        studio.ask("POST", f"/flow_runs/{flow_run_id}/set_state", state=retry, force=True)
        resumed = studio.ended(flow_run_id, after=2)
    show(paid_after_failure=paid, paid_after_retry=studio.paid(), run_count=resumed["run_count"])
    assert (failed["state_type"], resumed["state_type"]) == ("FAILED", "COMPLETED")
    assert studio.paid() == paid
    assert list(studio.archive.glob("campaigns/retried/single/film/*.mp4"))


@pytest.mark.drill
def test_schedule_of_a_pipeline_once_switched_on_is_in_the_schedule(studio: Studio) -> None:
    deployment = studio.deployment(FORM)
    [schedule] = deployment["schedules"]
    asked = {
        "deployments": {"id": {"any_": [deployment["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    before = studio.ask("POST", "/flow_runs/filter", **asked)
    studio.ask("PATCH", f"/deployments/{deployment['id']}/schedules/{schedule['id']}", active=True)
    scheduled = until(lambda: studio.ask("POST", "/flow_runs/filter", **asked), bool)
    studio.ask("PATCH", f"/deployments/{deployment['id']}/schedules/{schedule['id']}", active=False)
    times = sorted(flow_run["expected_start_time"] for flow_run in scheduled)
    show(schedule=schedule["schedule"], next_runs=times[:3], scheduled=len(times))
    assert (schedule["active"], before) == (False, [])
    assert schedule["schedule"]["timezone"] == "Europe/Berlin"
