"""Take the docs' pictures of Prefect's UI: `make screenshots`.

It starts a sandbox, a Prefect server and a worker of its own, submits the form of `product-launch`, and runs the
24 rows of examples/products.csv on a night with gaps.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from deployments.server_processes import PrefectServer, prefect_server, sandbox_server, server_process
from tests.browsers import open_browser

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ELSEWHERE = re.compile(r"^https?://(?!127\.0\.0\.1)")
WIDTH = 1280
COLOURS = 256
"""Of a picture, which so stays below 150 kB."""
DRAWN_WITHIN = 6_000
"""Milliseconds: the run graph is a canvas, which nothing tells to be drawn."""
WITHIN = 180.0
NIGHT = (
    {"name": "safety_blocked", "technique": "caption-writer", "every": 8, "times": 2},
    {"name": "provider_error", "technique": "product-film", "after": 5, "times": 1},
)


class Pages:
    """A browser's page on one Prefect server, and how pictures of it are kept."""

    def __init__(self, browser: Any, prefect: PrefectServer, *, scheme: str) -> None:
        self.prefect = prefect
        self._suffix = "-dark" if scheme == "dark" else ""
        context = browser.new_context(viewport={"width": WIDTH, "height": 800}, color_scheme=scheme)
        self.page = context.new_page()
        self.page.route(ELSEWHERE, lambda route: route.abort())

    def open(self, path: str) -> Any:
        """Open a page, and return it once nothing more is asked of the server."""
        self.page.goto(f"{self.prefect.ui_url}/v2{path}")
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(DRAWN_WITHIN)
        return self.page

    def keep(self, name: str, *, height: int) -> None:
        """Keep the page as a picture of this height."""
        self.page.set_viewport_size({"width": WIDTH, "height": height})
        self.page.wait_for_timeout(1000)
        path = HERE / f"{name}{self._suffix}.png"
        self.page.screenshot(path=path)
        with Image.open(path) as shot:
            shot.convert("RGB").quantize(COLOURS).save(path, optimize=True)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes\n")


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with (
            sandbox_server(folder / "flora", options=("--duration-scale", "0.2")) as flora_url,
            prefect_server(folder / "prefect") as prefect,
        ):
            flora = {"FLORA_API_KEY": "sk_test_docs", "FLORA_BASE_URL": flora_url}
            environment = {**os.environ, **prefect.environment, **flora}
            _python(environment, "deployments.prepare", "--archive", str(folder / "outputs"))
            _python(environment, "florist.cli", "deploy")
            log = folder / "worker.log"
            command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "florist"]
            with server_process(
                command, log=log, environment=environment, is_ready=lambda: "started!" in log.read_text()
            ):
                launch = _run(prefect, campaign="spring")
                _faults(flora_url, NIGHT)
                night = _run(prefect, campaign="products", ask_before_usd=20, rows=str(_products(folder)))
            for scheme in ("light", "dark"):
                with open_browser() as browser:
                    _take(Pages(browser, prefect, scheme=scheme), launch, night)


def _take(pages: Pages, launch: str, night: str) -> None:
    pages.open(f"/deployments/deployment/{_deployment(pages.prefect)}/run")
    pages.keep("prefect-form", height=1330)
    pages.open(f"/runs/flow-run/{launch}")
    pages.keep("prefect-pipeline", height=1000)
    pages.open(f"/runs/flow-run/{night}?tab=Artifacts")
    pages.keep("prefect-rows", height=860)
    pages.page.get_by_text("report-products").click()
    pages.page.get_by_role("heading", name="Pictures").wait_for()
    pages.keep("prefect-report", height=1060)
    pages.page.get_by_role("heading", name="Gaps").evaluate("heading => heading.scrollIntoView()")
    pages.keep("prefect-gaps", height=1300)


def _products(folder: Path) -> Path:
    """Return a copy of the example's rows, one of whose pictures is none."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "examples/images/V-001.png").write_text("a picture, or so its name says")
    return folder / "examples/products.csv"


def _python(environment: Mapping[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, env=environment, check=True)  # noqa: S603


def _faults(flora_url: str, faults: tuple[Mapping[str, object], ...]) -> None:
    url = flora_url.replace("/api/v1", "/_sandbox/faults")
    httpx.post(url, json={"faults": list(faults)}).raise_for_status()


def _deployment(prefect: PrefectServer) -> str:
    found: str = _asked(prefect, "GET", "/deployments/name/product-launch/product-launch")["id"]
    return found


def _run(prefect: PrefectServer, **parameters: object) -> str:
    """Submit the form, and return the flow run's id once it has ended."""
    body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
    path = f"/deployments/{_deployment(prefect)}/create_flow_run"
    flow_run_id: str = _asked(prefect, "POST", path, body)["id"]
    deadline = time.monotonic() + WITHIN
    while (state := _asked(prefect, "GET", f"/flow_runs/{flow_run_id}")["state"])["type"] != "COMPLETED":
        if state["type"] in ("FAILED", "CRASHED", "CANCELLED") or time.monotonic() > deadline:
            raise SystemExit(f"the flow run ended as {state}")
        time.sleep(1)
    time.sleep(3)  # the server records task runs a moment later
    return flow_run_id


def _asked(prefect: PrefectServer, method: str, path: str, body: object = None) -> Any:
    """Ask again while the server's database is locked, as Prefect's own client does."""
    while (answer := httpx.request(method, f"{prefect.api_url}{path}", json=body, timeout=30)).status_code == 503:
        time.sleep(1)
    return answer.raise_for_status().json()


if __name__ == "__main__":
    main()
