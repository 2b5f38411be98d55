"""What is peculiar to a store in a folder."""

import asyncio
import errno
import os
import threading
from datetime import timedelta

import pytest

from florist.stores import folder as folder_module
from florist.stores.drafts import Draft
from florist.stores.errors import StoreDeniedError, StoreError, StoreFullError, StoreMissingError, StoreUnsafeError
from florist.stores.folder import FolderStore
from florist.stores.keys import TEMPORARY_MARK


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "archive")


async def one_chunk(data: bytes):
    yield data


def files_in(store: FolderStore) -> list[str]:
    return sorted(path.name for path in store.path.rglob("*") if path.is_file())


def failing(code: int):
    def fail(*args, **options):
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("call", ["fsync", "link"])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, StoreFullError),
        (errno.EDQUOT, StoreFullError),
        (errno.EACCES, StoreDeniedError),
        (errno.EROFS, StoreDeniedError),
        (errno.EIO, StoreError),
    ],
)
async def test_folder_write_that_the_system_refuses_leaves_nothing(store, monkeypatch, call, code, error):
    monkeypatch.setattr(os, call, failing(code))
    with pytest.raises(error) as refused:
        await store.write("a.png", one_chunk(b"x"), media_type="image/png")
    assert type(refused.value) is error
    assert str(store.path) in str(refused.value)
    assert files_in(store) == []


async def test_folder_check_with_little_space_left_says_so(tmp_path):
    store = FolderStore(tmp_path, free_bytes_at_least=10**18)
    with pytest.raises(StoreFullError, match="free some"):
        await store.check()


async def test_folder_check_where_a_file_stands_in_the_way_says_so(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreMissingError, match="a file may stand in its way"):
        await FolderStore(tmp_path / "file" / "archive").check()


async def test_folder_check_where_names_are_overwritten_is_refused(store, monkeypatch):
    monkeypatch.setattr(os, "link", os.replace)
    with pytest.raises(StoreUnsafeError):
        await store.check()


async def test_folder_head_of_a_file_altered_on_disk_tells_another_hash(store):
    written = await store.write("a.png", one_chunk(b"first"), media_type="image/png")
    (store.path / "a.png").write_bytes(b"other")
    assert (await store.head("a.png")).sha256 != written.sha256


async def test_folder_leftovers_of_killed_writers_are_unseen_and_dropped_when_old(store):
    await store.create("a/b.json", b"{}")
    young, old = (store.path / "a" / f"{TEMPORARY_MARK}{name}" for name in ("young", "old"))
    young.write_bytes(b"half")
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert [found.key async for found in store.list("")] == ["a/b.json"]
    assert await store.drop_leftovers(older_than=timedelta(days=1)) == 1
    assert files_in(store) == [young.name, "b.json"]


async def test_folder_listing_before_anything_was_written_is_empty(store):
    assert [found.key async for found in store.list("")] == []


async def test_folder_key_below_a_file_is_none(store):
    await store.create("a.json", b"{}")
    assert await store.head("a.json/b") is None
    assert await store.read("a.json/b") is None


@pytest.mark.parametrize(("prefix", "read"), [("ledger/a/7/", 1), ("ledger/a/7", 2), ("ledger/a/", 10), ("", 34)])
async def test_folder_listing_reads_only_folders_that_can_hold_the_prefix(store, monkeypatch, prefix, read):
    for folder in (f"{top}/a/{number}" for top in ("index", "ledger", "runs") for number in range(9)):
        await store.create(f"{folder}/1.json", b"{}")
    folders, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: folders.append(path) or scandir(path))
    found = [item.key async for item in store.list(prefix)]
    assert all(key.startswith(prefix) for key in found)
    assert (bool(found), len(folders)) == (True, read)


@pytest.mark.parametrize("prefix", ["/", "a//", "../", "a/../", "b.txt/"])
async def test_folder_listing_of_a_prefix_that_no_key_can_have_is_empty(store, prefix):
    await store.create("a/b.txt", b"x")
    await store.create("b.txt", b"x")
    assert [found.key async for found in store.list(prefix)] == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
async def test_folder_name_taken_by_what_is_no_file_is_told_at_once(store, make):
    await store.create("a/b.json", b"{}")
    make(store.path / "a" / "pipe.json")
    assert await store.head("a/pipe.json") is None
    assert await store.read("a/pipe.json") is None
    assert await store.present(["a/pipe.json"]) == set()
    with pytest.raises(StoreError, match="no regular file"):
        await asyncio.wait_for(store.create("a/pipe.json", b"{}"), 10)


async def test_folder_write_cancelled_while_its_draft_is_made_leaves_nothing(tmp_path, monkeypatch):
    is_made, may_go_on = threading.Event(), threading.Event()

    def made_slowly(path) -> Draft:
        draft = Draft(path)
        is_made.set()
        may_go_on.wait(10)
        return draft

    monkeypatch.setattr(folder_module, "Draft", made_slowly)

    async def chunks():
        yield b"never asked for"

    writing = asyncio.create_task(FolderStore(tmp_path).write("a/b.mp4", chunks(), media_type="video/mp4"))
    await asyncio.to_thread(is_made.wait, 10)
    writing.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
