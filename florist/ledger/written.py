"""Remembers the newest record this process has written of each entry, so that it is not asked for again.

Records never change, and a listing says which is the newest: what is remembered is never out of date. A bill at
the end of a night would otherwise read every entry of it once more.
"""

from collections import OrderedDict
from weakref import ref

from florist.stores.store import Store

AT_MOST = 2048
"""Entries remembered; about 4 KB each. Of a longer night the rest is read."""


class WrittenRecords:
    """Records by their paths, the newest of each entry alone."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, bytes] = OrderedDict()

    def note(self, path: str, data: bytes, *, instead_of: str | None) -> None:
        """Remember a record that was written, in place of the one before it."""
        if instead_of is not None:
            self._records.pop(instead_of, None)
        self._records[path] = data
        while len(self._records) > AT_MOST:
            self._records.popitem(last=False)

    def get(self, path: str) -> bytes | None:
        """Return a record; None if this process has not written it, or has forgotten it."""
        return self._records.get(path)


_of_stores: dict[int, tuple[ref[Store], WrittenRecords]] = {}


def written_in(store: Store) -> WrittenRecords:
    """Return what was written by way of this store object, which is known by its identity: it need not hash."""
    identity = id(store)
    if identity not in _of_stores:
        _of_stores[identity] = ref(store, lambda _: _of_stores.pop(identity, None)), WrittenRecords()
    return _of_stores[identity][1]
