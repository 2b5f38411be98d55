"""Somebody else's words inside a message of ours: quoted, cut, and the nearest one that was meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters and explicit directional formatting; marks and joiners, which scripts need, are not."""


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


def without_controls(text: str) -> str:
    """Return a text for a page: what would reorder the words around it, or is no character, is shown as �."""
    return _CONTROLS.sub("�", text)
