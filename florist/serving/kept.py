"""What of the archive may be given out: outputs that a manifest vouches for, uploads, and previews; nothing else.

A key is not served because it looks harmless, but because the manifest that stands beside it names it as an output
of its run. So neither ledger nor budgets, nor whatever else may be kept in the store one day, can be asked for.
"""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from florist.archive.manifest import Manifest
from florist.archive.records import parsed_record
from florist.media_types import media_type_of_name
from florist.stores.errors import IntegrityError, UnsafeKeyError
from florist.stores.keys import checked_key
from florist.stores.store import Store
from florist.upload_address import SCHEME, UploadAddress

REMEMBERED = 4096
"""Objects whose facts are remembered: what is kept is never altered. A hundred bytes each, or two."""

_OUTPUT = re.compile(r"(?P<run>.+)-\d{1,6}\.[a-z0-9]{1,8}")
_NEVER = frozenset({"ledger", "budgets", "index", "picks", "plans", "assets", "checks", "sweeps", "lost"})

T = TypeVar("T")


class Kept(NamedTuple):
    """An object that may be given out.

    Attributes:
        media_type: told from its bytes when it was kept.
    """

    key: str
    sha256: str
    size_bytes: int
    media_type: str


class KeptObjects:
    """Finds what may be given out of one archive."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: OrderedDict[str, Kept] = OrderedDict()

    async def output(self, key: str) -> Kept | None:
        """Return an output of a kept run, by its key; None for all else."""
        return await self._found(key, lambda: self._vouched_for(key))

    async def upload(self, name: str) -> Kept | None:
        """Return an upload by its file name; None if there is none."""
        address = UploadAddress.parsed(f"{SCHEME}{name}")
        return None if address is None else await self._found(address.key, lambda: self._uploaded(address))

    async def _found(self, key: str, find: Callable[[], Awaitable[Kept | None]]) -> Kept | None:
        if key in self._remembered:
            self._remembered.move_to_end(key)
            return self._remembered[key]
        found = await find()
        if found is not None:
            self._remembered[key] = found
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    async def _vouched_for(self, key: str) -> Kept | None:
        manifest_key = _manifest_key(key)
        content = await self._store.read(manifest_key) if manifest_key else None
        if content is None:
            return None
        try:
            manifest = parsed_record(Manifest, content, manifest_key)
        except IntegrityError:  # `florist archive verify` tells of it
            return None
        return next(
            (
                Kept(output.key, output.sha256, output.size_bytes, output.media_type)
                for output in manifest.outputs
                if output.key == key
            ),
            None,
        )

    async def _uploaded(self, address: UploadAddress) -> Kept | None:
        told = await self._store.head(address.key)
        media_type = media_type_of_name(address.key)
        return None if told is None else Kept(address.key, address.sha256, told.size_bytes, media_type)


def _manifest_key(key: str) -> str:
    """Return where the manifest of an output's run stands; empty for what is no output's key."""
    try:
        folder, _, name = checked_key(key).rpartition("/")
    except UnsafeKeyError:
        return ""
    found = _OUTPUT.fullmatch(name)
    if found is None or not folder or folder.partition("/")[0] in _NEVER:
        return ""
    return f"{folder}/{found['run']}.json"
