"""What became of each thing that Prefect's server has to hold: created, changed, or as it was."""

from enum import StrEnum
from typing import NamedTuple


class Change(StrEnum):
    """What was done to a thing; the last two where nothing is done, only told."""

    CREATED = "created"
    CHANGED = "changed"
    AS_IT_WAS = "as it was"
    MISSING = "missing"
    DIFFERENT = "different"


class Thing(NamedTuple):
    """A thing on the server, and what was done to it, or has to be."""

    kind: str
    name: str
    change: Change
    note: str = ""

    def __str__(self) -> str:
        return "  ".join(filter(None, (f"{self.change:<9}  {self.kind} {self.name}", self.note)))
