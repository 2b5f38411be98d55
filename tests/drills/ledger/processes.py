"""Starts programs of the drills as real processes, forked from one that has imported everything already."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

LOST_EXIT = 255

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [f"tests.drills.ledger.{name}" for name in ("walk_rows", "sweep_once", "fast_sandbox")]
)

Program = Callable[[Sequence[str]], None]


class Process:
    """A running program."""

    def __init__(self, program: Program, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self._process: BaseProcess = _context.Process(target=program, args=(self.arguments,), daemon=True)
        self._process.start()

    @property
    def is_running(self) -> bool:
        return self._process.is_alive()

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped and has not been woken."""
        status = Path(f"/proc/{self._process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def wake(self) -> None:
        if self._process.pid:
            os.kill(self._process.pid, signal.SIGCONT)

    def ended(self, within: float) -> int:
        """Return the exit code, negative for a signal.

        Raises:
            TimeoutError: it has not ended within that many seconds, and was killed.
        """
        self._process.join(within)
        code = self._process.exitcode
        if code is None:
            self.kill()
            raise TimeoutError(f"not done within {within:g} s: {' '.join(self.arguments)}")
        # 255 is what multiprocessing makes of a killed process whose end its fork server did not get to tell.
        return -signal.SIGKILL if code == LOST_EXIT else code

    def kill(self) -> None:
        """SIGKILL it, if it runs, and wait for its end."""
        if self._process.is_alive() and self._process.pid:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
