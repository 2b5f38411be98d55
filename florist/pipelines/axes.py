"""Axes: what a step is repeated over within a row, and how its cells are called after that.

A cell's name is the step's, and a mark for each axis: `still@playful`, `still@playful@v2`, and `film@still-v2` for
the film of the second still. It hangs on the cell's own values alone, so that neither another order of values nor
a new one among them costs anything. The first of several variations bears no mark: asking for more keeps it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from florist.wording import quoted

MARK = "@"
VARIATION = "variation"
"""The axis of a step's own variations; that of an earlier step's is `<step>.variation`."""

_SLUG_LENGTH = 40
_DIGEST_LENGTH = 8


def axis_values(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the values of an axis in their one spelling and one order, however they were written."""
    return tuple(sorted({unicodedata.normalize("NFC", text).strip() for text in texts}))


def list_items(text: str) -> tuple[str, ...]:
    """Return the texts of a list that is written as one text, with commas between them."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def variation_values(variations: int) -> tuple[str, ...]:
    """Return the values of the axis that so many variations make."""
    return tuple(str(number) for number in range(1, variations + 1))


def value_faults(texts: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with the values of an axis."""
    seen: dict[str, str] = {}
    for text in texts:
        [value] = axis_values([text])
        mark = _slug(value).casefold()
        if not value:
            yield "a value is empty"
        elif "://" in value:
            yield "a URL cannot be a value, for values become part of names; put it into a param"
        elif value == seen.get(mark):
            yield f'{quoted(value)} stands there twice; several of one kind are "variations"'
        elif mark in seen:
            yield f"{quoted(seen[mark])} and {quoted(value)} differ by capital letters alone"
        seen.setdefault(mark, value)


def cell_name(step: str, axes: Mapping[str, str]) -> str:
    """Return what the cell of a step at these values of its axes, in their order, is called."""
    marks = [step]
    for axis, value in axes.items():
        owner, _, word = axis.rpartition(".")
        if word != VARIATION:
            marks.append(_slug(value))
        elif value != "1":
            marks.append(f"{owner}-v{value}" if owner else f"v{value}")
    return MARK.join(marks)


def inherited(axis: str, step: str) -> str:
    """Return what an axis of a step is to those that are spread over it."""
    return f"{step}.{VARIATION}" if axis == VARIATION else axis


def axis_order(axis: str) -> tuple[bool, bool, str]:
    """Return the sort key of axes: by name, after them earlier steps' variations, and the step's own last."""
    return axis == VARIATION, "." in axis, axis


def _slug(value: str) -> str:
    """Return a value as part of a name: letters and digits of every script; where more is lost, a digest of it."""
    kept = "".join(_kept(character) for character in value)
    slug = re.sub(r"-{2,}", "-", kept)[:_SLUG_LENGTH].strip("-")
    if slug == value:
        return slug
    digest = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{slug}-{digest}".lstrip("-")


def _kept(character: str) -> str:
    return character if character in "-_" or unicodedata.category(character)[0] in "LMN" else "-"
