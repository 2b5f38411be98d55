"""`florist run` stopped by a signal, and taken up by the command it prints."""

import shlex
import signal
import subprocess
import time

import pytest

from tests.flows.command import HEADLINES, Command
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR


@pytest.mark.drill
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_command_says_how_to_go_on_and_that_costs_nothing_more(
    still_floor: Floor, command: Command, sent: signal.Signals, code: int
):
    pipeline = still_floor.pipeline(HEADLINES)
    process = command(still_floor, "run", pipeline, "--archive", still_floor.folder)
    wait_for_run(still_floor, process)
    process.send_signal(sent)
    out, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "Traceback" not in out + said
    assert "Crash detected" not in out + said
    (resume,) = [line for line in said.splitlines() if line.startswith("    florist run")]
    still_floor.sandbox.clock.advance(60)
    again = command(still_floor, *shlex.split(resume)[1:])
    out, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert "resumed" in out
    assert still_floor.books.total.runs == 1


def wait_for_run(floor: Floor, process: subprocess.Popen[str]) -> None:
    """Return once the ledger knows the run that was started."""
    while not any((floor.folder / "ledger/entries").glob("*/*/0001.json")):  # sent, started
        assert process.poll() is None, "it ended before it had started a run"
        time.sleep(0.1)
