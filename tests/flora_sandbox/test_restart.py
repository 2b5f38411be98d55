"""What a restart, or a kill, leaves: everything."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from PIL import Image

from flora_sandbox.books import report
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings

NOW = 1_800_000_000.0


class BalkyPicture:
    """A server that keeps everybody waiting for its picture until told otherwise."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = threading.Event()
        balky = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                balky.asked += 1
                balky.answers.wait(30)
                picture = io.BytesIO()
                Image.new("RGB", (32, 32), "teal").save(picture, "PNG")
                with contextlib.suppress(OSError):  # whoever asked may be gone
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(picture.getvalue())))
                    self.end_headers()
                    self.wfile.write(picture.getvalue())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/a.png"


@pytest.fixture
def balky_picture() -> Iterator[BalkyPicture]:
    balky = BalkyPicture()
    thread = threading.Thread(target=balky.server.serve_forever, args=(0.02,))
    thread.start()
    yield balky
    balky.answers.set()
    balky.server.shutdown()
    thread.join()
    balky.server.server_close()


def test_restart_forgets_nothing(sandbox, flora, download):
    done = flora.picture()
    picture = download(done["outputs"][0]["url"])
    flora.text_run("k")
    history, books = flora.get("/technique-runs").json(), sandbox.books()

    sandbox.stop()
    sandbox.start()

    assert sandbox.books() == books
    assert flora.get("/technique-runs").json() == history
    assert download(done["outputs"][0]["url"]) == picture
    assert flora.text_run("k").status_code == 409


def test_restart_makes_what_it_had_only_begun_to_make(sandbox, flora, wait_until, balky_picture):
    body = {"inputs": [{"id": "input_image", "type": "imageUrl", "value": balky_picture.url}], "mode": "async"}
    run_id = flora.post("/techniques/cctv-cam/runs", json=body).json()["run_id"]
    wait_until(lambda: balky_picture.asked == 1)
    sandbox.stop()
    balky_picture.answers.set()
    sandbox.start()
    sandbox.clock.advance(60)

    assert flora.finished(run_id)["status"] == "completed"
    assert balky_picture.asked == 2


def test_restart_keeps_the_moved_clock(sandbox):
    httpx.post(f"{sandbox.admin_url}/clock", json={"advance": 3600})
    sandbox.stop()
    sandbox.start()

    assert sandbox.clock.now() == NOW + 3600


def test_restart_keeps_faults_and_their_turns(sandbox, flora):
    from flora_sandbox.faults import Fault

    sandbox.set_faults(Fault(name="server_error", every=2))
    first = flora.get("/models").status_code
    sandbox.stop()
    sandbox.start()

    assert [first, flora.get("/models").status_code] == [200, 500]


def test_input_url_of_before_a_restart_on_another_port_still_works(open_sandbox, connect, tmp_path):
    old = open_sandbox()
    url = connect(old).picture()["outputs"][0]["url"]
    old.stop()
    sandbox = open_sandbox()
    client = connect(sandbox)
    body = {"inputs": [{"id": "input_image", "type": "imageUrl", "value": url}], "mode": "async"}
    run_id = client.post("/techniques/cctv-cam/runs", json=body).json()["run_id"]
    sandbox.clock.advance(60)

    assert client.finished(run_id)["status"] == "completed"


def served(data: Path, *extra: str) -> tuple[subprocess.Popen[str], str]:
    """Start `python -m flora_sandbox` and return it with its base URL."""
    command = [sys.executable, "-m", "flora_sandbox", "--data", str(data), *extra]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    match = re.fullmatch(r"FLORA sandbox at (\S+)\n", process.stdout.readline())
    assert match
    return process, match[1]


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_books_and_runs_survive_a_signal(tmp_path, kill):
    process, base_url = served(tmp_path, "--duration-scale", "1000")
    with httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {SandboxServer.api_key}"}) as client:
        body = {"inputs": [{"id": "brief", "type": "text", "value": "x"}], "mode": "async"}
        started = [
            client.post("/techniques/headline-writer/runs", json=body, headers={"Idempotency-Key": f"k{n}"}).json()
            for n in range(20)
        ]
    process.send_signal(kill)
    process.wait(10)
    process.stdout.close()

    books = report(tmp_path)

    assert {key: line.runs for key, line in books.by_key.items()} == {f"k{n}": 1 for n in range(20)}
    with SandboxServer(tmp_path, Settings()) as sandbox:
        sandbox.clock.advance(10**5)
        assert sandbox.books().total.runs == len(started)
        headers = {"Authorization": f"Bearer {SandboxServer.api_key}"}
        listed = httpx.get(f"{sandbox.base_url}/technique-runs?limit=50", headers=headers).json()
    assert {run["run_id"] for run in listed["technique_runs"]} == {run["run_id"] for run in started}


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_command_exits_cleanly_on_a_signal(tmp_path, stop):
    process, _ = served(tmp_path)
    process.send_signal(stop)

    code = process.wait(10)
    process.stdout.close()

    assert code == 0


def test_command_that_finds_its_port_taken_says_so(sandbox, tmp_path):
    port = httpx.URL(sandbox.url).port

    done = subprocess.run(
        [sys.executable, "-m", "flora_sandbox", "--port", str(port), "--data", str(tmp_path / "other")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "--port" in done.stderr


@pytest.mark.parametrize(("missing", "named"), [("PIL", "Pillow"), ("av", "PyAV")])
def test_command_without_its_extra_says_what_to_install(tmp_path, missing, named):
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{missing!r}] = None")
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])

    done = subprocess.run(
        [sys.executable, "-m", "flora_sandbox", "--data", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )

    assert done.returncode == 1
    assert done.stderr == f"The sandbox needs {named} to make media: pip install 'florist[sandbox]'\n"


@pytest.mark.parametrize(
    "wanted", [["--scenario", "calm"], ["--set", "no_such_setting=1"], ["--seed", "1", "--balance", "x"]]
)
def test_command_with_settings_that_do_not_fit_says_which(tmp_path, capsys, wanted):
    from flora_sandbox.command import main

    assert main(["--data", str(tmp_path), *wanted]) == 1
    assert "do not fit" in capsys.readouterr().err
