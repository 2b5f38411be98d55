"""Derivatives: previews of pictures and posters of films, beside the originals, made once per content.

::

    derivatives/<sha256>/preview.webp     at most 480 pixels wide and high
    derivatives/<sha256>/poster.webp      one frame of a film, likewise
    derivatives/<sha256>/none.json        why there is neither: damaged, too large, of an unknown kind
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from florist.gallery.sheet import Sheet
from florist.stores.store import Store

FOLDER = "derivatives/"


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Which contents have derivatives.

    Attributes:
        previews: the SHA-256 of pictures that have a preview.
        posters: the SHA-256 of films that have a poster.
        problems: why others have none, by their SHA-256.
        notes: what people should know, such as that nothing is installed that makes any.
    """

    previews: frozenset[str] = frozenset()
    posters: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def preview_key(sha256: str) -> str:
    """Return the key of a picture's preview."""
    return f"{FOLDER}{sha256}/preview.webp"


def poster_key(sha256: str) -> str:
    """Return the key of a film's poster."""
    return f"{FOLDER}{sha256}/poster.webp"


async def made_derivatives(store: Store, sheet: Sheet) -> Derivatives:
    """Return which derivatives there are; makes none."""
    raise NotImplementedError


async def make_derivatives(store: Store, sheet: Sheet) -> Derivatives:
    """Make the derivatives that are missing, and return which there are then. Safe to repeat."""
    raise NotImplementedError
