"""An office whose Prefect server is set up by `make bootstrap`, and may be killed and started again."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deployments.server_processes import free_port, prefect_server, sandbox_server
from tests.drills.office import REPLAYS, Office, furnish, learn_that_flora_replays

PENDING_SECONDS = 45
"""Instead of the ten minutes of a real night: a drill need not wait. The other windows are the real ones."""


@dataclass
class Night(Office):
    """An office at night."""

    lives: ExitStack = field(default_factory=ExitStack)
    port: int = field(default_factory=free_port)

    def start_server(self) -> None:
        """Start the server on the data of the one before it, at the same address."""
        self.lives = ExitStack()
        self.prefect = self.lives.enter_context(prefect_server(self.folder / "prefect", port=self.port))

    def kill_server(self) -> None:
        """End the server as a machine that loses power does."""
        os.kill(self.prefect.process_id, signal.SIGKILL)
        self.lives.close()

    def state(self, flow_run_id: str) -> str:
        """Return the name of a flow run's state."""
        return str(self.ask("GET", f"/flow_runs/{flow_run_id}")["state_name"])

    def history(self, flow_run_id: str) -> list[str]:
        """Return the names of all states that a flow run was in."""
        states = self.ask("GET", f"/flow_run_states/?flow_run_id={flow_run_id}")
        return [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])]

    def slots(self, deployment: str) -> int:
        """Return how many slots of a deployment's limit are taken."""
        limit = self.ask("GET", f"/deployments/name/{deployment}")["global_concurrency_limit"]
        return int(self.ask("GET", f"/v2/concurrency_limits/{limit['id']}")["active_slots"])


class Watch:
    """Seconds since something happened."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 1)


def show(**figures: object) -> None:
    print("\n" + "\n".join(f"{name:>28} {value}" for name, value in figures.items()))  # noqa: T201


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder: Path = tmp_path_factory.mktemp("night")
    furnish(folder)
    with sandbox_server(folder / "sandbox", options=REPLAYS) as flora_url:
        made = Night(None, flora_url, folder)  # type: ignore[arg-type]
        made.start_server()
        try:
            made.python("deployments.bootstrap", "--archive", str(made.archive), "--pending", str(PENDING_SECONDS))
            asyncio.run(learn_that_flora_replays(made))
            yield made
        finally:
            made.lives.close()
