"""An imitation of FLORA that costs next to no CPU, in a process of its own and in memory alone.

    python -m benchmarks.speed.imitation '{"rows": 50, "steps": 3}'

It prints its port. `flora_sandbox` is the emulator to test against; this one only answers what a run needs, so
that what is measured is the client. `GET /_speed/report` tells what was asked of it and when each run ended.
"""

import asyncio
import itertools
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from benchmarks.speed.http_protocol import Answer, HttpProtocol, Request, Respond
from benchmarks.speed.small_media import film, picture
from benchmarks.speed.workload import Workload, workload_of

API = "/api/v1"
LARGEST_PAGE = 50
DAY = 24 * 60 * 60
_ROUTES = (
    ("POST", re.compile(rf"{API}/techniques/[^/]+/runs"), "POST run"),
    ("GET", re.compile(rf"{API}/techniques/[^/]+/runs/[^/]+"), "GET run"),
    ("GET", re.compile(rf"{API}/techniques/[^/]+"), "GET technique"),
    ("GET", re.compile(rf"{API}/technique-runs"), "GET history"),
    ("GET", re.compile(r"/media/[^/]+"), "GET media"),
    ("GET", re.compile(r"/_speed/report"), "report"),
)


@dataclass(slots=True)
class Run:
    number: int
    run_id: str
    step: int
    row: str
    created_at: float
    ends_at: float


@dataclass
class Imitation:
    """FLORA's answers. Every run completes; each is charged."""

    work: Workload
    address: str = ""
    runs: list[Run] = field(default_factory=list)
    by_id: dict[str, Run] = field(default_factory=dict)
    by_key: dict[str, Answer] = field(default_factory=dict)
    posts: Counter[tuple[int, str]] = field(default_factory=Counter)
    first_posts: dict[str, float] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def serve(self, request: Request, respond: Respond) -> None:
        parts = urlsplit(request.target)
        name = next(
            (name for method, path, name in _ROUTES if method == request.method and path.fullmatch(parts.path)),
            "other",
        )
        self.requests[name] += 1
        last = parts.path.rpartition("/")[2]
        match name:
            case "POST run":
                self._post(request, step_of(parts.path.split("/")[4]), respond)
            case "GET run":
                respond(self._retrieved(last))
            case "GET technique":
                respond(_json(self._technique(step_of(last))))
            case "GET history":
                respond(self._history(parse_qs(parts.query)))
            case "GET media":
                respond(self._media(last, request.headers.get("range", "")))
            case "report":
                respond(_json(self._report()))
            case _:
                respond(_error(501, "not_implemented", f"no {request.method} {parts.path}"))

    def _post(self, request: Request, step: int, respond: Respond) -> None:
        """Make the run half way through the latency, and answer at its end."""
        body = json.loads(request.body)
        row = next(item["value"] for item in body["inputs"] if item["id"] == "prompt")
        key = request.headers.get("idempotency-key") or body.get("idempotency_key") or ""
        self.posts[step, row] += 1
        self.first_posts.setdefault(row, time.time())
        is_lost = self.work.is_lost(step, row, self.posts[step, row])
        loop, half = asyncio.get_running_loop(), self.work.post_latency(step, row) / 2

        def make() -> None:
            answer = self._created(step, row, key)
            self.lost += is_lost
            loop.call_later(half, respond, None if is_lost else answer)

        loop.call_later(half, make)

    def _created(self, step: int, row: str, key: str) -> Answer:
        if key in self.by_key:
            if self.work.mode == "duplicate":
                return _error(409, "idempotency_duplicate", "Duplicate idempotency key.")
            first = self.by_key[key]
            return Answer(first.status, first.body, headers={"idempotent-replayed": "true"})
        number, now = len(self.runs), time.time()
        run_id = f"run_{self.work.seed:x}z{number:08x}"
        run = Run(number, run_id, step, row, now, now + self.work.duration(step, row))
        self.runs.append(run)
        self.by_id[run_id] = run
        answer = _json({**self._shape(run, now), "status": "pending", "progress": 0})
        if key:
            self.by_key[key] = answer
        return answer

    def _retrieved(self, run_id: str) -> Answer:
        run, now = self.by_id.get(run_id), time.time()
        if run is None:
            return _error(404, "not_found", "Not found.")
        return _json({**self._shape(run, now), **self._outputs(run, now)})

    def _history(self, query: dict[str, list[str]]) -> Answer:
        technique = query.get("technique_id", [""])[0]
        limit = min(int(query.get("limit", ["20"])[0]), LARGEST_PAGE)
        before = int(query.get("cursor", [str(len(self.runs))])[0])
        now = time.time()
        found = list(itertools.islice(self._older(before, technique), limit + 1))
        page = [self._item(run, now) for run in found[:limit]]
        following = str(found[limit - 1].number) if len(found) > limit else None
        return _json({"technique_runs": page, "meta": {"next_cursor": following}})

    def _item(self, run: Run, now: float) -> dict[str, object]:
        item = {**self._shape(run, now), "technique_run_id": run.run_id, "technique": _reference(run.step)}
        return item if self.work.bare_history else {**item, **self._outputs(run, now)}

    def _outputs(self, run: Run, now: float) -> dict[str, object]:
        if run.ends_at > now:
            return {}
        kind = "videoUrl" if self._makes_film(run.step) else "imageUrl"
        url = f"{self.address}/media/{run.run_id}?expires={int(now) + DAY}&signature=none"
        return {"outputs": [{"output_id": "output", "type": kind, "url": url}]}

    def _older(self, before: int, technique: str) -> Iterator[Run]:
        for number in range(before - 1, -1, -1):
            run = self.runs[number]
            if technique in ("", f"tech_step{run.step}"):
                yield run

    def _media(self, run_id: str, wanted: str) -> Answer:
        run = self.by_id.get(run_id)
        if run is None:
            return _error(404, "not_found", "Not found.")
        is_film = self._makes_film(run.step)
        data = film(run_id) if is_film else picture(run_id)
        headers = {"etag": f'"{run_id}"', "accept-ranges": "bytes"}
        media_type = "video/mp4" if is_film else "image/png"
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if span is None:
            return Answer(200, data, media_type, headers)
        start, end = int(span[1]), min(int(span[2] or len(data) - 1), len(data) - 1)
        headers["content-range"] = f"bytes {start}-{end}/{len(data)}"
        return Answer(206, data[start : end + 1], media_type, headers)

    def _shape(self, run: Run, now: float) -> dict[str, object]:
        is_over = run.ends_at <= now
        return {
            "run_id": run.run_id,
            "status": "completed" if is_over else "running",
            "progress": 100 if is_over else 50,
            "created_at": int(run.created_at * 1000),
            "started_at": int(run.created_at * 1000),
            "completed_at": int(run.ends_at * 1000) if is_over else None,
            "charged_cost": 0.01,
            "poll_url": f"{self.address}{API}/techniques/step-{run.step}/runs/{run.run_id}",
        }

    def _technique(self, step: int) -> dict[str, object]:
        inputs = [{"id": "prompt", "name": "Prompt", "type": "text"}]
        inputs += [{"id": "image", "name": "Image", "type": "imageUrl"}] if step > 1 else []
        made = "videoUrl" if self._makes_film(step) else "imageUrl"
        reference = _reference(step)
        outputs = [{"id": "output", "name": "Output", "type": made}]
        return {**reference, "slug": f"step-{step}", "run_cost": 0.01, "inputs": inputs, "outputs": outputs}

    def _makes_film(self, step: int) -> bool:
        return step == self.work.steps > 1

    def _report(self) -> dict[str, object]:
        return {
            "requests": self.requests,
            "ends": {run.run_id: run.ends_at for run in self.runs},
            "charged": len(self.runs),
            "needed": len({(run.step, run.row) for run in self.runs}),
            "lost": self.lost,
            "first_posts": self.first_posts,
        }


def step_of(slug: str) -> int:
    """Return the number of the step behind `step-2` or `tech_step2`."""
    return int(re.sub(r"\D", "", slug))


def _reference(step: int) -> dict[str, object]:
    return {"technique_id": f"tech_step{step}", "name": f"Step {step}"}


def _json(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode())


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, json.dumps({"error": {"code": code, "message": message}}).encode())


async def _serve(work: Workload) -> None:
    imitation = Imitation(work)
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpProtocol(imitation), "127.0.0.1", 0, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    imitation.address = f"http://127.0.0.1:{port}"
    print(port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(workload_of(sys.argv[1])))
