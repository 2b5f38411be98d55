"""What is wrong in a pipeline: where, in which field, and how to mend it."""

from collections.abc import Mapping
from typing import NamedTuple

from florist.wording import shortened

FieldPath = tuple[str | int, ...]
"""The way from the top of a pipeline to one value: `("steps", "film", "inputs", "image")`."""


class Position(NamedTuple):
    """A place in a file; both count from 1, as editors do."""

    line: int
    column: int


class Problem(NamedTuple):
    """One thing to mend. `field` is empty where the file as a whole is meant.

    Attributes:
        kind: what many of its like are counted as, without a value of any one of them; the message if empty.
    """

    field: str
    message: str
    file: str | None = None
    position: Position | None = None
    kind: str = ""

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        if self.position:
            place += [str(self.position.line), str(self.position.column)]
        return ": ".join(part for part in (":".join(place), shortened(self.field, 200), self.message) if part)


def problem_at(
    path: FieldPath, message: str, *, file: str | None, positions: Mapping[FieldPath, Position]
) -> Problem:
    """Return the problem, placed at its field or, where the file lacks that, at the nearest field around it."""
    around = (path[:length] for length in range(len(path), -1, -1))
    position = next((positions[place] for place in around if place in positions), None)
    return Problem(field_name(path), message, file, position)


def field_name(path: FieldPath) -> str:
    """Return the path as people write it: `steps.film.inputs.images[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
