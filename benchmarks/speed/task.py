"""What a system is given to do."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.workload import Workload

API_KEY = "sk_test_speed"
CAMPAIGN = "speed"
SYSTEMS = ("plain", "walk", "prefect")


@dataclass(frozen=True)
class Task:
    """A workload, where FLORA is, where outputs go, and options for systems that know them.

    Attributes:
        part: which of its rows: `1/3` is every third one, from the second on.
    """

    flora: str
    work: Workload
    archive: str
    folder: Path
    options: Mapping[str, Any]
    part: str = "0/1"

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        first, step = map(int, self.part.split("/"))
        return {row: {"name": row} for row in self.work.row_names[first::step]}

    def options_of(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Return those of the options that a function has a parameter for."""
        taken = inspect.signature(function).parameters
        return {name: value for name, value in self.options.items() if name in taken}
