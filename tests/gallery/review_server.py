"""A server that speaks of picks as `florist serve` does, and serves a page; it keeps what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ReviewServer:
    """What was posted, and what is answered.

    Attributes:
        page: the sheet that it serves.
        refusals: answers to the next posts, by cell: a status and a body.
        rows: what stands, as GET tells it.
    """

    address: str = ""
    page: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)
    refusals: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)

    def answer(self, pick: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if pick["cell"] in self.refusals and not pick["confirm_usd"]:
            return self.refusals[pick["cell"]]
        self.posted.append(pick)
        stands = {name: pick[name] for name in ("cell", "verdict", "stars", "note")}
        return 200, {"number": len(self.posted), "cell": {**stands, "by": "Ada", "number": 1, "spent": False}}


@contextmanager
def review_server() -> Iterator[ReviewServer]:
    review = ReviewServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/picks"):
                self._send(
                    200, "application/json", json.dumps({"revision": repr(review.rows), "rows": review.rows})
                )
            else:
                self._send(200, "text/html; charset=utf-8", review.page)

        def do_POST(self) -> None:
            pick = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            review.headers.append(self.headers["X-Florist-Review"])
            status, told = review.answer(pick)
            self._send(status, "application/json", json.dumps(told))

        def _send(self, status: int, media_type: str, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        review.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield review
        server.shutdown()
        thread.join()
