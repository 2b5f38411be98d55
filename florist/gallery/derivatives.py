"""Derivatives: previews of pictures and posters of films, beside the originals, made once per content.

::

    derivatives/<sha256>/preview.webp     at most 480 pixels wide and high
    derivatives/<sha256>/poster.webp      one frame of a film, likewise
    derivatives/<sha256>/none-1.json      why there is neither: damaged, or too large

All of it can be made again from the originals, and may be removed at any time.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

from florist.archive.side_by_side import side_by_side
from florist.gallery.drawable import FILMS, PICTURES, PREVIEW_PIXELS, UndrawableError
from florist.gallery.sheet import Sheet, SheetMedia
from florist.stores.errors import IntegrityError, ObjectMissingError
from florist.stores.store import Store
from florist.stores.threads import in_thread

Draw = Callable[[IO[bytes], str], bytes]
"""Draws what is to be seen of an original of some media type."""

FOLDER = "derivatives/"
VERSION = 1
"""Of what draws: what an older one could not draw is tried again."""
SHOWN_ITSELF_BYTES = 32 * 1024
"""Of an original that is not worth a derivative, if its pixels are few, too."""
ORIGINALS_AT_ONCE = 2
"""Read and decoded side by side: each may take a quarter of a gigabyte while it is."""
ORIGINAL_BYTES_AT_MOST = 2 * 1024**3
IN_MEMORY_BYTES = 32 * 1024**2
"""Of an original; a larger one is read through a temporary file."""
NOT_INSTALLED = (
    "shown are the originals: `pip install 'florist[gallery]'` makes small previews and posters of them"
)

LEFT = "{:,} pictures and films have no preview yet: `florist gallery {}` makes them"


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
    """Return which derivatives of what a sheet shows there are; makes none.

    Raises:
        StoreError: the store could not be asked.
    """
    wanted = _wanted(sheet)
    there = await store.present(map(_key, wanted.values()))
    there |= await store.present(_none_key(sha256) for sha256, media in wanted.items() if _key(media) not in there)
    problems = {sha256: await _told_problem(store, sha256) for sha256 in wanted if _none_key(sha256) in there}
    return _found(wanted, there, problems)


async def make_derivatives(
    store: Store, sheet: Sheet, *, within: float | None = None, monotonic: Callable[[], float] = time.monotonic
) -> Derivatives:
    """Make the derivatives that are missing, and return which there are then.

    Safe to repeat and to be killed: each appears whole, or not at all. What cannot be decoded is told, and not
    tried again.

    Args:
        within: seconds after which none is begun any more; None: all are made.

    Raises:
        StoreError: the store failed.
    """
    made = await made_derivatives(store, sheet)
    known = made.previews | made.posters | made.problems.keys()
    missing = [media for sha256, media in _wanted(sheet).items() if sha256 not in known]
    if not missing:
        return made
    draw = _drawing()
    if draw is None:
        return Derivatives(made.previews, made.posters, made.problems, (NOT_INSTALLED,))
    problems: dict[str, str] = dict(made.problems)
    drawn: set[str] = set()
    left: list[SheetMedia] = []
    begun_at = monotonic()

    async def make(media: SheetMedia) -> None:
        if within is not None and monotonic() - begun_at >= within:
            left.append(media)
            return
        try:
            await _make(store, media, draw)
            drawn.add(_key(media))
        except UndrawableError as error:
            problems[media.sha256] = str(error)
            note = json.dumps({"why": str(error)}).encode()
            await store.create(_none_key(media.sha256), note)
        except (IntegrityError, ObjectMissingError) as error:  # `florist archive verify` is for this
            problems[media.sha256] = str(error)

    await side_by_side(missing, make, at_once=ORIGINALS_AT_ONCE)
    there = drawn | {preview_key(each) for each in made.previews} | {poster_key(each) for each in made.posters}
    found = _found(_wanted(sheet), there, problems)
    return replace(found, notes=(LEFT.format(len(left), sheet.campaign),)) if left else found


def _wanted(sheet: Sheet) -> dict[str, SheetMedia]:
    return {media.sha256: media for media in sheet.media() if _is_wanted(media)}


def _is_wanted(media: SheetMedia) -> bool:
    """Whether a derivative would be smaller than what it is made of: a small original is shown itself."""
    is_light = media.size_bytes <= SHOWN_ITSELF_BYTES
    if media.media_type in FILMS:
        return not is_light
    is_small = media.width is not None and max(media.width, media.height or 0) <= PREVIEW_PIXELS
    return media.media_type in PICTURES and not (is_light and is_small)


def _key(media: SheetMedia) -> str:
    return preview_key(media.sha256) if media.media_type in PICTURES else poster_key(media.sha256)


def _none_key(sha256: str) -> str:
    return f"{FOLDER}{sha256}/none-{VERSION}.json"


def _found(wanted: Iterable[str], there: set[str], problems: Mapping[str, str]) -> Derivatives:
    shas = tuple(wanted)
    return Derivatives(
        previews=frozenset(sha256 for sha256 in shas if preview_key(sha256) in there),
        posters=frozenset(sha256 for sha256 in shas if poster_key(sha256) in there),
        problems=problems,
    )


async def _told_problem(store: Store, sha256: str) -> str:
    try:
        return str(json.loads(await store.read(_none_key(sha256)) or b"")["why"])
    except (ValueError, LookupError, TypeError):
        return "no preview of it can be made"


def _drawing() -> Draw | None:
    """Return what draws; None where the extra is not installed."""
    try:
        drawing = import_module("florist.gallery.drawing")
    except ImportError:
        return None
    return lambda file, kind: (drawing.picture_preview if kind in PICTURES else drawing.film_poster)(file, kind)


async def _make(store: Store, media: SheetMedia, draw: Draw) -> None:
    if media.size_bytes > ORIGINAL_BYTES_AT_MOST:
        raise UndrawableError(f"it is too large for a preview: {media.size_bytes:,} bytes")
    # Not a SpooledTemporaryFile, whose `seek` tells PyAV nothing.
    with BytesIO() if media.size_bytes <= IN_MEMORY_BYTES else TemporaryFile() as file:
        async for chunk in store.stream(media.key):
            await in_thread(file.write, chunk)
        file.seek(0)
        derived = await in_thread(draw, file, media.media_type)
    await store.create(_key(media), derived, media_type="image/webp")
