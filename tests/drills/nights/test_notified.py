"""Failures, gaps and budgets are told to a webhook, which is no secret that anybody can read."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.drills.nights.conftest import Night, Watch, show
from tests.drills.office import until, worker

pytestmark = pytest.mark.drill


@contextmanager
def webhook() -> Iterator[tuple[str, list[str]]]:
    """Listen as Slack does; yields the address and what was told there."""
    told: list[str] = []

    class Told(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/services/entitles", told
    server.shutdown()
    server.server_close()


def test_failures_gaps_and_budgets_are_told(night: Night):
    with webhook() as (address, told), worker(night):
        night.python("deployments.bootstrap", "--archive", str(night.archive), FLORIST_NOTIFY=address)
        watch = Watch()
        night.ended(night.run("budgeted", budget_usd=0.05))
        night.ended(night.run("failing", pipeline="pipelines/nowhere.yaml"))
        until(lambda: {text.partition(":")[0] for text in told}, lambda kinds: len(kinds) >= 3)
    show(told_after=watch.seconds(), told=told)
    assert {text.partition(":")[0] for text in told} == {"Failed", "Gaps", "Budget reached"}
    assert "{{" not in "".join(told)
    assert "entitles" not in json.dumps(night.ask("POST", "/block_documents/filter"))
