"""Names that people write in different ways, found again: `Pack Shot`, `pack_shot` and `packshot` are one."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_SEPARATORS = re.compile(r"[\s_-]+")


def folded(name: str) -> str:
    """Return a name without case, blanks, underscores and dashes."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


def by_fold(names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the names that are written alike, by their folded form."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found[folded(name)] = (*found.get(folded(name), ()), name)
    return found


def meant(name: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names that may be meant: the very name alone if there is such a one.

    Args:
        known: the names there are, as `by_fold` returns them.
    """
    candidates = known.get(folded(name), ())
    return (name,) if name in candidates else candidates


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name that is most like one that is not there, however both are written; empty if none is."""
    written = {folded(other): other for other in known}
    close = get_close_matches(folded(name), written, n=1)
    return written[close[0]] if close else ""
