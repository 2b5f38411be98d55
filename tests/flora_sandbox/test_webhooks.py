"""Webhooks: signed, byte-stable, tried again on the published schedule."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flora_sandbox.webhooks import signature


class Receiver:
    """A server that takes deliveries and answers as told."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def attempts(sandbox):
    return [len(delivery["attempts"]) for delivery in sandbox.webhooks()]


def test_delivery_tells_the_end_of_the_run_without_its_outputs(flora, receiver, wait_until):
    run = flora.ended_text_run(callback_url=receiver.url)
    wait_until(lambda: len(receiver.deliveries) == 1)

    [(headers, body)] = receiver.deliveries
    event = json.loads(body)

    assert event["data"] == {
        "run_id": run["run_id"],
        "run_type": "technique",
        "workspace_id": "ws_florist0001",
        "status": "completed",
    }
    assert (event["type"], event["api_version"]) == ("run.completed", "2026-06-11")
    assert (headers["Flora-Webhook-Id"], headers["Flora-Event"]) == (event["id"], "run.completed")
    assert event["id"].startswith("whd_")


def test_failed_run_is_told_with_its_code(flora, receiver, wait_until):
    flora.ended_text_run(fault="model_timeout", callback_url=receiver.url)
    wait_until(lambda: len(receiver.deliveries) == 1)

    event = json.loads(receiver.deliveries[0][1])

    assert (event["type"], event["data"]["error_code"]) == ("run.failed", "model_timeout")


def test_signature_is_over_the_time_and_the_raw_body(sandbox, flora, receiver, wait_until):
    flora.ended_text_run(callback_url=receiver.url)
    wait_until(lambda: len(receiver.deliveries) == 1)

    [(headers, body)] = receiver.deliveries
    timestamp, digest = (part.split("=")[1] for part in headers["Flora-Signature"].split(","))

    expected = hmac.new(b"whsec_sandbox", f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert digest == expected
    assert int(timestamp) == int(sandbox.clock.now())


def test_every_secret_signs_during_a_rotation():
    header = signature(b"{}", 1, ["whsec_old", "whsec_new"])

    assert [part.split("=")[0] for part in header.split(",")] == ["t", "v1", "v1"]


def test_refused_delivery_is_tried_again_on_schedule_with_the_same_bytes(sandbox, flora, receiver, wait_until):
    receiver.statuses = [500, 302, 404, 200]
    flora.ended_text_run(callback_url=receiver.url)
    planned = []
    for number, seconds in enumerate((10, 60, 300), start=1):
        wait_until(lambda number=number: attempts(sandbox) == [number])
        [delivery] = sandbox.webhooks()
        planned.append(delivery["next_at"] - sandbox.clock.now())
        sandbox.clock.advance(seconds)
    wait_until(lambda: attempts(sandbox) == [4])

    [delivery] = sandbox.webhooks()

    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 404, 200]
    assert planned == [10, 60, 300]
    assert delivery["is_delivered"]
    assert len({body for _, body in receiver.deliveries}) == 1


def test_delivery_is_given_up_after_the_last_retry(open_sandbox, connect, receiver, wait_until):
    sandbox = open_sandbox(webhook_time_scale=0)
    receiver.statuses = [500] * 9
    connect(sandbox).ended_text_run(callback_url=receiver.url)

    wait_until(lambda: sandbox.webhooks() and sandbox.webhooks()[0]["next_at"] is None)

    assert attempts(sandbox) == [4]


def test_duplicate_webhook_comes_twice_with_one_id(flora, receiver, wait_until):
    flora.ended_text_run(fault="webhook_duplicate", callback_url=receiver.url)

    wait_until(lambda: len(receiver.deliveries) == 2)

    assert len({headers["Flora-Webhook-Id"] for headers, _ in receiver.deliveries}) == 1


def test_late_webhook_waits_for_its_time(sandbox, flora, receiver, wait_until):
    flora.ended_text_run(fault="webhook_late;seconds=3600", callback_url=receiver.url)
    before = len(receiver.deliveries)
    sandbox.clock.advance(3600)

    wait_until(lambda: len(receiver.deliveries) == 1)

    assert before == 0


def test_lost_webhook_never_comes(sandbox, flora, receiver):
    flora.ended_text_run(fault="webhook_lost", callback_url=receiver.url)

    assert sandbox.webhooks() == []


def test_run_without_callback_tells_nobody(sandbox, flora):
    flora.ended_text_run()

    assert sandbox.webhooks() == []


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "https://192.168.0.1/x", "https://169.254.169.254/x", "nowhere"]
)
def test_callback_must_be_public_https_or_loopback(flora, url):
    answer = flora.text_run(callback_url=url)

    assert (answer.status_code, answer.json()["error"]["fields"][0]["field"]) == (400, "callback_url")
