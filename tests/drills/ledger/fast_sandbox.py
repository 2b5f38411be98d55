"""The sandbox as a program, in fast time.

python -m tests.drills.ledger.fast_sandbox --port 8787 --data DIR --began 1790000000 --settings '{}'
"""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

from flora_sandbox.clock import Clock
from flora_sandbox.flora import Flora
from flora_sandbox.server import bound_socket, server_for
from flora_sandbox.settings import Settings
from tests.drills.ledger.fast_time import RATE, FastTime


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--began", type=float, required=True)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--settings", default="{}")
    wanted = parser.parse_args(arguments)
    settings = Settings.model_validate_json(wanted.settings)
    clock = Clock(FastTime(wanted.began, wanted.rate).unix)
    listener = bound_socket(wanted.port)
    server = server_for(Flora(wanted.data, settings, clock), listener)
    signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
    asyncio.run(server.serve(sockets=[listener]))


if __name__ == "__main__":
    main()
