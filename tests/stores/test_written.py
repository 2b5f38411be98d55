"""What a process remembers of the records that it wrote."""

from florist.stores import written
from florist.stores.folder import FolderStore
from florist.stores.written import WrittenRecords, written_in


def test_record_is_remembered_as_it_was_written_and_in_place_of_the_one_before_it():
    records = WrittenRecords()
    records.note("a/0", b'{"state": "sent"}')
    records.note("a/1", "{“ended”}".encode() * 1000, instead_of="a/0")
    assert (records.get("a/0"), records.get("a/1")) == (None, "{“ended”}".encode() * 1000)


def test_oldest_record_is_forgotten_beyond_the_bound(monkeypatch):
    monkeypatch.setattr(written, "AT_MOST", 2)
    records = WrittenRecords()
    for key in "abc":
        records.note(key, key.encode())
    assert [records.get(key) for key in "abc"] == [None, b"b", b"c"]


def test_stores_and_kinds_are_kept_apart(tmp_path):
    one, other = FolderStore(tmp_path), FolderStore(tmp_path)
    written_in(one, "entries").note("a", b"entry")
    assert written_in(one, "entries").get("a") == b"entry"
    assert (written_in(one, "manifests").get("a"), written_in(other, "entries").get("a")) == (None, None)
