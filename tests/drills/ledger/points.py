"""The numbered points of a process: one before and one after each await on store, client and ledger.

At a chosen point the process kills itself, or stops itself for a while.
"""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Points:
    """Counts the points of one process as they are passed.

    Attributes:
        kill_at: the number of a point, from 1, or a name and which time it is passed: `before post#3`.
        stop_at: as `kill_at`; the process is stopped there for `stop_for` real seconds;
            0: until somebody wakes it.
        trace: where the names are written, in the order passed.
    """

    kill_at: str = ""
    stop_at: str = ""
    stop_for: float = 0.0
    trace: Path | None = None
    passed: int = 0
    times: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._file = self.trace.open("a") if self.trace else None

    def pass_by(self, name: str) -> None:
        self.passed += 1
        self.times[name] += 1
        names = {str(self.passed), f"{name}#{self.times[name]}"}
        if self._file:
            self._file.write(f"{name}\n")
            self._file.flush()
        if self.kill_at in names:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.stop_at in names:
            stop_for(self.stop_for)


def stop_for(seconds: float) -> None:
    """Stop this process; a child that does nothing else wakes it, if it is not to be for ever."""
    stopped = os.getpid()
    if not seconds:
        os.kill(stopped, signal.SIGSTOP)
        return
    child = os.fork()
    if child == 0:
        try:
            time.sleep(seconds)
            os.kill(stopped, signal.SIGCONT)
        finally:
            os._exit(0)  # also where it was killed meanwhile: this copy of it must do nothing else
    os.kill(stopped, signal.SIGSTOP)
    os.waitpid(child, 0)
