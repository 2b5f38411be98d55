"""What is wrong in a pipeline: where, in which field, and how to mend it."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

FieldPath = tuple[str | int, ...]
"""The way from the top of a pipeline to one value: `("steps", "film", "inputs", "image")`."""


class Position(NamedTuple):
    """A place in a file; both count from 1, as editors do."""

    line: int
    column: int


class Problem(NamedTuple):
    """One thing to mend. `field` is empty where the file as a whole is meant."""

    field: str
    message: str
    file: str | None = None
    position: Position | None = None

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


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str | None = None) -> str:
    """Return the end of a message about an unknown word: the nearest one, else `otherwise` or all there are."""
    choices = sorted(known)
    close = get_close_matches(word, choices, n=1)
    if close:
        return f"; did you mean {quoted(close[0])}?"
    if otherwise is not None:
        return otherwise
    return f"; there is {', '.join(shortened(choice) for choice in choices)}" if choices else "; there is none"


def quoted(word: str) -> str:
    """Return somebody's word for a message: on one line, not too long, in quotes."""
    return f'"{shortened(word)}"'


def shortened(text: str, limit: int = 60) -> str:
    """Return the text on one line, cut to the limit, with nothing in it that a terminal would act on."""
    start = text[: 4 * limit]
    line = " ".join("".join(character if character.isprintable() else " " for character in start).split())
    return line if len(line) <= limit and start == text else line[: limit - 1] + "…"
