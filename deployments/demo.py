"""The main job on this machine alone: sandbox, Prefect server, and `product-launch` through the real flow engine.

Everything it makes stands in `demo/`: outputs in `demo/outputs`, the servers' data and logs beside them.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from deployments.server_processes import (
    PrefectServer,
    ServerStartError,
    free_port,
    prefect_server,
    sandbox_server,
)

HERE = Path(__file__).resolve().parent.parent
DEMO = HERE / "demo"
# Any key that begins so is good at the sandbox, and worth nothing anywhere else.
DEMO_KEY = "sk_test_demo"
# Of servers that stay up, where they are free: a block saved now names FLORA's address, stays in demo/prefect, and
# would name a dead one in the next demo.
SANDBOX_PORT, PREFECT_PORT = 8787, 4200
# Times the durations that the techniques name, which add up to 45 s: long enough to see runs polled.
HURRY = ("--duration-scale", "0.25")


def main() -> int:
    """Run the demo; returns the exit code of `florist run`."""
    arguments = argparse.ArgumentParser(prog="make demo", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="leave sandbox and Prefect server up until Ctrl-C")
    keep = arguments.parse_args().keep
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception: what was started is stopped
    try:
        return _demo(keep=keep)
    except ServerStartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _demo(*, keep: bool) -> int:
    with ExitStack() as servers:
        _say("1/3  FLORA sandbox: real media, no key, no bill")
        flora_url = servers.enter_context(
            sandbox_server(DEMO / "sandbox", port=_port(SANDBOX_PORT, keep), options=HURRY)
        )
        _say("2/3  Prefect server, its home in demo/prefect (the first start migrates its database: about 15 s)")
        prefect = servers.enter_context(prefect_server(DEMO / "prefect", port=_port(PREFECT_PORT, keep)))
        _say("3/3  florist run pipelines/product-launch.yaml")
        exit_code = _run_pipeline(flora_url, prefect)
        _say(f"\nOutputs, manifests and ledger: {DEMO / 'outputs'}")
        if keep:
            _keep_up(flora_url, prefect)
    _say("Sandbox and Prefect server are stopped. `make demo KEEP=1` leaves them up, to look at the UI.")
    _say(f"What it has made, as a page: {_newest_sheet()}")
    return exit_code


def _port(wanted: int, keep: bool) -> int | None:
    return free_port(wanted) if keep else None


def _run_pipeline(flora_url: str, prefect: PrefectServer) -> int:
    command = [sys.executable, "-m", "florist.cli", "run", "pipelines/product-launch.yaml"]
    command += ["--archive", str(DEMO / "outputs")]
    return subprocess.run(command, cwd=HERE, env=_environment(flora_url, prefect), check=False).returncode


def _newest_sheet() -> str:
    sheets = (DEMO / "outputs").glob("campaigns/*/contact-sheet*.html")
    newest = max(sheets, key=lambda sheet: sheet.stat().st_mtime, default=None)
    return "none, see the lines above" if newest is None else newest.as_uri()


def _environment(flora_url: str, prefect: PrefectServer) -> dict[str, str]:
    return {**os.environ, **prefect.environment, "FLORA_API_KEY": DEMO_KEY, "FLORA_BASE_URL": flora_url}


def _keep_up(flora_url: str, prefect: PrefectServer) -> None:
    _say(f"\nPrefect UI     {prefect.ui_url}/runs\nFLORA          {flora_url}\nContact sheet  {_newest_sheet()}")
    _say("\nTo use them from another terminal:\n\n    . .venv/bin/activate")
    for name, value in (
        ("PREFECT_API_URL", prefect.api_url),
        ("FLORA_BASE_URL", flora_url),
        ("FLORA_API_KEY", DEMO_KEY),
    ):
        _say(f"    export {name}={value}")
    if sys.stdin.isatty():
        input("\nPress Enter to stop them. ")
        return
    _say("\nThey stay up until this process is ended (Ctrl-C, or SIGTERM): there is no terminal to ask at.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        time.sleep(3600)


def _say(line: str) -> None:
    print(line, flush=True)  # before the output of the processes it speaks of


if __name__ == "__main__":
    sys.exit(main())
