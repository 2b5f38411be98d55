"""What a web page could send to a sandbox on this machine, and what a server could lead it to."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from pydantic import ValidationError

from flora_sandbox.clock import Clock
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from flora_sandbox.urls import redirect_fault


@pytest.fixture
def sandbox(standing_sandbox: SandboxServer) -> SandboxServer:
    return standing_sandbox


def port_of(sandbox):
    return sandbox.url.rpartition(":")[2]


@contextmanager
def redirecting_to(target: str) -> Iterator[str]:
    """Serve a redirect on this machine."""

    class Redirect(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Redirect) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a.png"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/_sandbox/webhooks", "/api/v1/techniques", "/media/x"])
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "a@localhost", "[", ""])
def test_host_of_a_rebound_name_is_refused(sandbox, path, host):
    answer = httpx.get(f"{sandbox.url}{path}", headers={"Host": host})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert "whsec_" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]", "LOCALHOST"])
def test_host_of_this_machine_is_served(sandbox, host):
    answer = httpx.get(f"{sandbox.admin_url}/clock", headers={"Host": f"{host}:{port_of(sandbox)}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1"])
def test_post_of_another_page_is_refused_and_spends_nothing(sandbox, flora, origin):
    flora.headers["Origin"] = origin

    answer = flora.text_run("cross-site")

    assert (answer.status_code, answer.json()["error"]["message"][:6]) == (403, "Origin")
    assert "cross-site" not in sandbox.books().by_key


def test_own_origin_is_served(sandbox):
    answer = httpx.post(f"{sandbox.admin_url}/faults", json={}, headers={"Origin": sandbox.url})

    assert answer.status_code == 200


@pytest.mark.parametrize("advance", ["NaN", "Infinity", "-Infinity", '"60"', "true", "1e300", "-1e300", "null"])
def test_clock_is_not_moved_by_what_is_no_number(sandbox, advance):
    before = sandbox.clock.now()

    answer = httpx.post(
        f"{sandbox.admin_url}/clock",
        content=f'{{"advance": {advance}}}',
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, sandbox.clock.now()) == (400, before)


def test_clock_stays_between_1970_and_9999():
    clock = Clock.frozen(1_800_000_000)

    for seconds in (float("nan"), 2.6e11, -1.9e9):
        with pytest.raises(ValueError, match="1970"):
            clock.advance(seconds)

    assert clock.advance(-3600) == 1_799_996_400


@pytest.mark.parametrize("value", [{"frozen_at": "nan"}, {"duration_scale": "inf"}, {"frozen_at": 1e18}])
def test_setting_that_is_no_number_is_refused(value):
    with pytest.raises(ValidationError):
        Settings.model_validate(value)


@pytest.mark.parametrize("target", ["http://192.0.2.1/a", "https://10.0.0.1/a", "file:///etc/passwd", "//["])
def test_redirect_of_a_fetched_asset_is_checked_like_its_url(flora, target):
    with redirecting_to(target) as source:
        answer = flora.post("/assets", json={"source": source, "workspace_id": SandboxServer.workspace_id})

    assert answer.status_code == 400
    assert "127.0.0.1" in answer.json()["error"]["message"]


def test_redirect_of_a_run_input_is_checked_like_its_url(sandbox, flora):
    inputs = [{"id": "product_image", "type": "imageUrl"}, {"id": "prompt", "type": "text", "value": "x"}]
    with redirecting_to("http://192.0.2.1/a.png") as source:
        inputs[0]["value"] = source
        started = flora.post("/techniques/styled-product-still/runs", json={"inputs": inputs, "mode": "async"})
        sandbox.clock.advance(600)
        run = flora.finished(started.json()["run_id"])

    assert run["error_code"] == "input_unreachable"
    assert "redirects elsewhere" in run["error_message"]


@pytest.mark.parametrize(
    ("source", "target", "fault"),
    [
        ("https://example.com/a", "http://127.0.0.1:8787/_sandbox/webhooks", "URL must be public"),
        ("http://127.0.0.1/a", "http://localhost/b", None),
        ("https://example.com/a", "https://cdn.example.com/b", None),
    ],
)
def test_redirect_from_outside_never_leads_to_this_machine(source, target, fault):
    assert redirect_fault(source, target, restrict_hosts=False) == fault
