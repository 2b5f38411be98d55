"""A write-through cache of records: what this process has written is not asked for again.

Records never change, and a listing says which there are: what is remembered is never out of date. Bill and contact
sheet at the end of a night would otherwise read every entry and every manifest of it once more.
"""

import zlib
from collections import OrderedDict
from typing import Literal
from weakref import ref

from florist.stores.store import Store

Kind = Literal["entries", "manifests"]

AT_MOST = 16_384
"""Records of a kind that are remembered, each in some 700 bytes. Of a longer night the rest is read."""


class WrittenRecords:
    """Records by their keys; of those that replace one another, the newest alone."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, bytes] = OrderedDict()

    def note(self, key: str, data: bytes, *, instead_of: str | None = None) -> None:
        """Remember a record that was written, in place of the one before it."""
        if instead_of is not None:
            self._records.pop(instead_of, None)
        self._records[key] = zlib.compress(data, 1)
        while len(self._records) > AT_MOST:
            self._records.popitem(last=False)

    def get(self, key: str) -> bytes | None:
        """Return a record; None if this process has not written it, or has forgotten it."""
        packed = self._records.get(key)
        return None if packed is None else zlib.decompress(packed)


_of_stores: dict[int, tuple[ref[Store], dict[Kind, WrittenRecords]]] = {}


def written_in(store: Store, kind: Kind) -> WrittenRecords:
    """Return what was written by way of this store object, which is known by its identity: it need not hash."""
    identity = id(store)
    if identity not in _of_stores:
        _of_stores[identity] = ref(store, lambda _: _of_stores.pop(identity, None)), {}
    return _of_stores[identity][1].setdefault(kind, WrittenRecords())
