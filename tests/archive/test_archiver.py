"""Keeping the outputs of a run."""

import asyncio
import hashlib
import itertools
import json
import re
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from florist.api.errors import RunWithoutOutputsError
from florist.api.models import Run
from florist.archive import transfers
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.errors import ArchiveError, OutputExpiredError, OutputRefusedError, TransferBrokenError
from florist.archive.keys import index_key
from florist.archive.manifest import Manifest, ManifestInput, Parent, RunOrigin
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError, KeyTakenError, StoreError
from florist.stores.folder import FolderStore
from tests.archive.media_server import cut, head, media_server, raw, status, whole_file

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20_000) + b"IEND\xaeB`\x82"
MP4 = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 50_008, b"moov") + bytes(50_000)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ORIGIN = RunOrigin(technique_id="tech_1", technique="packshot-to-still", technique_name="Packshot to still")


@pytest.fixture
async def server():
    async with media_server() as server:
        yield server


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "archive")


async def no_sleep(seconds: float) -> None:
    pass


@pytest.fixture
async def archiver(server, store):
    async with Downloader(trusted_hosts=server.trusted, sleep=no_sleep) as downloader:
        yield Archiver(store, fetch=downloader.fetch, now=lambda: NOW)


def run_with(*outputs: tuple[str, object], run_id: str = "run_abc1", **fields: object) -> Run:
    listed = [{"output_id": f"o{at}", "type": kind, "url": value} for at, (kind, value) in enumerate(outputs)]
    told = {
        "run_id": run_id,
        "status": "completed",
        "created_at": 1_777_777_777,
        "charged_cost": 0.1,
        "outputs": listed,
    }
    return Run.model_validate({**told, **fields})


async def keys_in(store: FolderStore) -> list[str]:
    return [found.key async for found in store.list("")]


async def test_keep_puts_outputs_manifest_and_pointer_where_people_look(server, store, archiver):
    run = run_with(("imageUrl", server.serve("/a", whole_file(PNG))), ("text", "Eine schöne Tüte ☕"))
    manifest = await archiver.keep(run, ORIGIN)
    folder = "runs/2026-05-03/packshot-to-still"
    assert await keys_in(store) == [
        "index/abc1.json",
        f"{folder}/abc1-0.png",
        f"{folder}/abc1-1.txt",
        f"{folder}/abc1.json",
    ]
    assert await store.read(f"{folder}/abc1-0.png") == PNG
    assert await store.read(f"{folder}/abc1-1.txt") == "Eine schöne Tüte ☕".encode()
    assert manifest.outputs[1].text == "Eine schöne Tüte ☕"
    assert Manifest.model_validate_json(await store.read(f"{folder}/abc1.json")) == manifest


async def test_keep_of_a_campaign_step_goes_under_the_campaign(server, store, archiver):
    origin = ORIGIN.model_copy(update={"campaign": "Frühling 2026", "row": "sku/17", "step": "still"})
    manifest = await archiver.keep(run_with(("imageUrl", server.serve("/a", whole_file(PNG)))), origin)
    assert manifest.outputs[0].key == "campaigns/Frühling-2026/sku-17/still/abc1-0.png"


async def test_keep_writes_down_where_the_outputs_came_from(server, archiver):
    origin = ORIGIN.model_copy(
        update={
            "inputs": (ManifestInput(id="prompt", type="text", text="a still"),),
            "parents": (Parent(run_id="run_p", index=0, key="runs/x/p-0.png", sha256="0" * 64),),
            "flow_run_id": "flow-1",
        }
    )
    manifest = await archiver.keep(run_with(("imageUrl", server.serve("/a", whole_file(PNG)))), origin)
    [output] = manifest.outputs
    assert (output.sha256, output.size_bytes, output.media_type) == (
        hashlib.sha256(PNG).hexdigest(),
        len(PNG),
        "image/png",
    )
    assert (manifest.charged_usd, manifest.archived_at, manifest.flow_run_id) == (Decimal("0.1"), NOW, "flow-1")
    assert (manifest.inputs, manifest.parents) == (origin.inputs, origin.parents)


async def test_keep_again_returns_the_manifest_without_any_download(server, archiver):
    run = run_with(("imageUrl", server.serve("/a", whole_file(PNG))))
    first = await archiver.keep(run, ORIGIN)
    again = await archiver.keep(run, ORIGIN.model_copy(update={"campaign": "elsewhere"}))
    assert again == first
    assert len(server.requests) == 1


async def test_keep_after_a_crash_before_the_pointer_needs_no_download(server, store, archiver):
    run = run_with(("imageUrl", server.serve("/a", whole_file(PNG))))
    first = await archiver.keep(run, ORIGIN)
    await store.delete(index_key(run.run_id))
    assert await archiver.keep(run, ORIGIN) == first
    assert await archiver.manifest_of(run.run_id) == first
    assert len(server.requests) == 1


async def test_keep_after_a_crash_before_the_manifest_finds_the_outputs_the_same(server, store, archiver):
    run = run_with(("imageUrl", server.serve("/a", whole_file(PNG))))
    first = await archiver.keep(run, ORIGIN)
    await store.delete(index_key(run.run_id))
    await store.delete("runs/2026-05-03/packshot-to-still/abc1.json")
    assert await archiver.keep(run, ORIGIN) == first


async def test_keep_of_other_bytes_for_a_kept_output_changes_nothing(server, store, archiver):
    key = "runs/2026-05-03/packshot-to-still/abc1-0.png"
    await store.create(key, b"older bytes")
    with pytest.raises(KeyTakenError):
        await archiver.keep(run_with(("imageUrl", server.serve("/a", whole_file(PNG)))), ORIGIN)
    assert await store.read(key) == b"older bytes"


async def test_keep_by_two_at_once_agrees_on_one_manifest(server, archiver):
    run = run_with(("imageUrl", server.serve("/a", whole_file(PNG))))
    elsewhere = ORIGIN.model_copy(update={"campaign": "elsewhere"})
    await asyncio.gather(archiver.keep(run, ORIGIN), archiver.keep(run, elsewhere))
    assert await archiver.keep(run, ORIGIN) == await archiver.manifest_of(run.run_id)


async def test_keep_that_comes_second_to_another_process_returns_the_first_ones_manifest(server, store, archiver):
    run = run_with(("imageUrl", server.serve("/a", whole_file(PNG))))

    async def fetch_late(url):
        await archiver.keep(run, ORIGIN)
        await store.delete(index_key(run.run_id))
        yield PNG

    later = Archiver(store, fetch=fetch_late, now=lambda: NOW + timedelta(hours=1))
    assert (await later.keep(run, ORIGIN)).archived_at == NOW


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize(("kind", "media"), [("imageUrl", PNG), ("videoUrl", MP4)])
async def test_keep_of_media_cut_on_the_way_is_whole_in_the_end(server, store, archiver, kind, media, tenth):
    run = run_with((kind, server.serve("/a", cut(media, at=[len(media) * tenth // 10]))))
    [output] = (await archiver.keep(run, ORIGIN)).outputs
    assert await store.read(output.key) == media


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize(("kind", "media"), [("imageUrl", PNG), ("videoUrl", MP4)])
async def test_keep_of_media_cut_before_they_were_counted_is_refused(server, store, archiver, kind, media, tenth):
    url = server.serve("/a", whole_file(media[: len(media) * tenth // 10]))
    with pytest.raises(IntegrityError):
        await archiver.keep(run_with((kind, url)), ORIGIN)
    assert await keys_in(store) == []


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("imageUrl", whole_file(b"<!DOCTYPE html><title>Not found</title>")),
        ("imageUrl", whole_file(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')),
        ("imageUrl", whole_file(MP4)),
        ("videoUrl", whole_file(PNG)),
        ("text", whole_file(b"<html><script>alert(1)</script></html>")),
        ("imageUrl", whole_file(b"")),
        ("imageUrl", whole_file(b"\x00\x01\x02\x03 unknown")),
        ("documentUrl", whole_file(b"MZ\x90\x00 a program")),
    ],
)
async def test_keep_of_something_else_than_declared_is_refused(server, store, archiver, kind, answer):
    with pytest.raises(IntegrityError):
        await archiver.keep(run_with((kind, server.serve("/a", answer))), ORIGIN)
    assert await keys_in(store) == []


async def test_keep_of_a_format_that_nobody_knows_keeps_it_and_says_so(server, store, archiver):
    model = b"\x00\x07glTF2" + bytes(range(256)) * 40
    [output] = (await archiver.keep(run_with(("imageUrl", server.serve("/a", whole_file(model)))), ORIGIN)).outputs
    assert await store.read(output.key) == model
    assert (output.key.rpartition(".")[2], output.media_type) == ("bin", "application/octet-stream")
    assert "not known" in output.warning


async def test_keep_with_a_length_that_is_never_reached_ends_as_broken(server, store, archiver):
    answer = raw(head(200, f"Content-Length: {len(PNG) + 1}", 'ETag: "e"') + PNG)
    with pytest.raises((TransferBrokenError, IntegrityError)):
        await archiver.keep(run_with(("imageUrl", server.serve("/a", answer))), ORIGIN)
    assert await keys_in(store) == []


async def test_keep_of_a_broken_transfer_without_resume_starts_anew(server, store, archiver):
    run = run_with(("imageUrl", server.serve("/a", cut(PNG, at=[9000], etag=""))))
    [output] = (await archiver.keep(run, ORIGIN)).outputs
    assert await store.read(output.key) == PNG
    assert server.count("/a") == 2


async def test_keep_of_a_dead_url_reads_the_run_once_for_all_outputs(server, archiver):
    dead = server.serve("/dead", status(403))
    run = run_with(*[("imageUrl", dead.reveal() + f"&n={at}") for at in range(3)])
    alive = server.serve("/alive", whole_file(PNG))
    fresh = run_with(*[("imageUrl", alive.reveal() + f"&n={at}") for at in range(3)])
    read = []

    async def refresh() -> Run:
        read.append(run.run_id)
        return fresh

    manifest = await archiver.keep(run, ORIGIN, refresh=refresh)
    assert [output.size_bytes for output in manifest.outputs] == [len(PNG)] * 3
    assert read == ["run_abc1"]


def ending(url, minutes: float) -> str:
    return f"{url.reveal()}&Expires={int((NOW + timedelta(minutes=minutes)).timestamp())}"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
@pytest.mark.parametrize(
    ("minutes", "error"), [(-1, OutputExpiredError), (1, OutputRefusedError), (None, OutputRefusedError)]
)
async def test_keep_of_a_url_that_flora_does_not_renew_is_expired_only_after_its_stated_end(
    server, store, archiver, code, minutes, error
):
    dead = server.serve("/dead", status(code))
    run = run_with(("text", "kept"), ("imageUrl", dead if minutes is None else ending(dead, minutes)))

    async def refresh() -> Run:
        return run

    with pytest.raises(error) as lost:
        await archiver.keep(run, ORIGIN, refresh=refresh)
    assert (lost.value.run_id, lost.value.index) == ("run_abc1", 1)
    assert await keys_in(store) == ["runs/2026-05-03/packshot-to-still/abc1-0.txt"]


async def test_keep_of_a_run_of_which_one_output_has_expired_tells_of_the_one_that_may_pass(server, archiver):
    dead = server.serve("/dead", status(403))
    run = run_with(("imageUrl", ending(dead, -1)), ("imageUrl", ending(dead, 1)))

    async def refresh() -> Run:
        return run

    with pytest.raises(OutputRefusedError):
        await archiver.keep(run, ORIGIN, refresh=refresh)


async def test_keep_of_urls_that_die_as_fast_as_they_come_is_told_as_refused(server, archiver):
    dead = server.serve("/dead", status(403))
    numbers = iter(range(99))

    async def refresh() -> Run:
        return run_with(("imageUrl", dead.reveal() + f"&n={next(numbers)}"))

    with pytest.raises(OutputRefusedError):
        await archiver.keep(await refresh(), ORIGIN, refresh=refresh)
    assert server.count("/dead") == 3


async def test_keep_of_a_run_whose_urls_were_dropped_reads_it_again(server, archiver):
    fresh = run_with(("imageUrl", server.serve("/a", whole_file(PNG))))
    stored = Run.model_validate(json.loads(fresh.model_dump_json()))

    async def refresh() -> Run:
        return fresh

    assert (await archiver.keep(stored, ORIGIN, refresh=refresh)).outputs[0].size_bytes == len(PNG)


async def test_keep_takes_the_url_that_dies_first_before_the_others(server, store):
    async with Downloader(trusted_hosts=server.trusted) as downloader:
        archiver = Archiver(store, fetch=downloader.fetch, outputs_at_once=1, now=lambda: NOW)
        urls = []
        for name, minutes in (("late", 90), ("soon", 1), ("mid", 30)):
            url = server.serve(f"/{name}", whole_file(PNG)).reveal()
            urls.append(("imageUrl", f"{url}&Expires={int((NOW + timedelta(minutes=minutes)).timestamp())}"))
        await archiver.keep(run_with(*urls), ORIGIN)
    assert [request.path for request in server.requests] == ["/soon", "/mid", "/late"]


async def test_keep_of_several_runs_takes_the_url_that_dies_first_of_them_all(store, monkeypatch):
    monkeypatch.setattr(transfers, "LIGHT_AT_ONCE", 1)
    fetched, all_wait = [], asyncio.Event()

    async def fetch(url):
        fetched.append(url.reveal().partition("?")[0].rpartition("/")[2])
        await all_wait.wait()
        yield PNG

    archiver = Archiver(store, fetch=fetch, now=lambda: NOW)
    keeping = []
    for waiting, (name, minutes) in enumerate(
        (("any", 300), ("late", 90), ("untold", 0), ("soon", 1), ("mid", 30))
    ):
        until = f"?Expires={int((NOW + timedelta(minutes=minutes)).timestamp())}" if minutes else ""
        run = run_with(("imageUrl", f"https://media.test/{name}{until}"), run_id=f"run_{name}")
        keeping.append(asyncio.create_task(archiver.keep(run, ORIGIN)))
        while not fetched or len(archiver._transfers._light._waiting) < waiting:
            await asyncio.sleep(0.001)
    all_wait.set()
    await asyncio.gather(*keeping)
    assert fetched == ["any", "soon", "mid", "late", "untold"]


async def test_keep_of_a_url_near_its_end_warns_without_showing_it(server, archiver, caplog):
    url = server.serve("/a", whole_file(PNG)).reveal()
    soon = int((NOW + timedelta(minutes=1)).timestamp())
    await archiver.keep(run_with(("imageUrl", f"{url}&Expires={soon}")), ORIGIN)
    assert "the URL of output 0 of run run_abc1 ends at" in caplog.text
    assert "do-not-show" not in caplog.text


async def test_keep_of_a_text_behind_a_url_fetches_it(server, store, archiver):
    run = text_behind(server.serve("/t", whole_file("Grüße".encode())))
    [kept] = (await archiver.keep(run, ORIGIN)).outputs
    assert (kept.text, kept.media_type) == ("Grüße", "text/plain")


async def test_keep_of_a_text_that_is_empty_is_refused(store, archiver):
    with pytest.raises(IntegrityError):
        await archiver.keep(run_with(("text", "")), ORIGIN)
    assert await keys_in(store) == []


def text_behind(url) -> Run:
    run = run_with(("text", "placeholder"))
    output = run.outputs[0].model_copy(update={"url": url, "text": None})
    return run.model_copy(update={"outputs": (output,)})


@pytest.mark.parametrize("content", ["Grüße".encode()[:-2], b"Gr\xfc\xdfe \x81" * 100, b"x" * 5000 + b"\xff"])
async def test_keep_of_a_text_that_is_no_utf8_keeps_its_bytes_and_says_so(server, store, archiver, content):
    [output] = (await archiver.keep(text_behind(server.serve("/t", whole_file(content))), ORIGIN)).outputs
    assert await store.read(output.key) == content
    assert output.text is None
    assert output.warning


@pytest.mark.parametrize("sizes", [(10**6,), (1,), (4096,), (4095, 3), (4097,)])
@pytest.mark.parametrize("at", [100, 4095, 4097])
async def test_media_type_of_bytes_is_the_same_however_they_were_cut(store, sizes, at):
    content = b"a" * at + b"\xff" + b"a" * 2000

    async def fetch(url):
        left, steps = content, itertools.cycle(sizes)
        while left:
            size = next(steps)
            yield left[:size]
            left = left[size:]

    archiver = Archiver(store, fetch=fetch, now=lambda: NOW)
    [output] = (await archiver.keep(text_behind(SignedUrl("https://media.test/t")), ORIGIN)).outputs
    assert output.media_type == ("text/plain" if at > 4096 else "application/octet-stream")


@pytest.mark.parametrize("run_id", ["run_a\r\nX: y", "run_é", " ", ""])
async def test_keep_of_a_run_with_an_odd_id_can_be_kept_on_s3(archiver, store, monkeypatch, run_id):
    metadata = {}
    write = store.write

    async def looked_at(key, chunks, **told):
        metadata.update(told["metadata"])
        return await write(key, chunks, **told)

    monkeypatch.setattr(store, "write", looked_at)
    # No answer of FLORA's with such an id is read; a run may come from elsewhere.
    await archiver.keep(run_with(("text", "x")).model_copy(update={"run_id": run_id}), ORIGIN)
    assert re.fullmatch("[!-~]*", metadata["run-id"])
    assert (await archiver.manifest_of(run_id)).run_id == run_id


async def test_keep_of_a_run_without_outputs_is_refused(archiver):
    with pytest.raises(RunWithoutOutputsError):
        await archiver.keep(run_with(), ORIGIN)


async def test_keep_of_an_unfinished_run_is_refused(archiver):
    with pytest.raises(ArchiveError, match="is running"):
        await archiver.keep(run_with(("text", "x"), status="running"), ORIGIN)


async def test_keep_of_a_run_whose_id_is_no_unicode_is_refused(archiver):
    with pytest.raises(ArchiveError, match="not valid Unicode"):
        await archiver.keep(run_with(("text", "x")).model_copy(update={"run_id": "run_\ud800"}), ORIGIN)


async def test_keep_of_outputs_of_one_id_and_kind_gives_each_a_key(server, archiver):
    run = run_with(*[("imageUrl", server.serve("/a", whole_file(PNG)))] * 2)
    same = tuple(output.model_copy(update={"output_id": "still"}) for output in run.outputs)
    manifest = await archiver.keep(run.model_copy(update={"outputs": same}), ORIGIN)
    assert len({output.key for output in manifest.outputs}) == 2


async def test_keep_of_two_runs_of_one_step_gives_each_a_key(server, store, archiver):
    origin = ORIGIN.model_copy(update={"campaign": "c", "row": "r", "step": "s"})
    for run_id in ("run_abc1", "run_abc2", "run_ABC1"):
        await archiver.keep(run_with(("text", run_id), run_id=run_id), origin)
    assert len([key for key in await keys_in(store) if key.endswith(".txt")]) == 3


async def test_keep_of_a_manifest_that_was_damaged_is_told(server, store, archiver):
    run = run_with(("text", "kept"))
    await archiver.keep(run, ORIGIN)
    path = store.path / "runs/2026-05-03/packshot-to-still/abc1.json"
    path.write_text("{}")
    with pytest.raises(IntegrityError, match="look at it"):
        await archiver.keep(run, ORIGIN)


async def test_manifest_holds_no_signed_url(server, store, archiver):
    url = server.serve("/a", whole_file(PNG))
    origin = ORIGIN.model_copy(update={"inputs": (ManifestInput(id="i", type="imageUrl", source=url.reveal()),)})
    manifest = await archiver.keep(run_with(("imageUrl", url)), origin)
    assert b"do-not-show" not in manifest.to_json()


async def test_keep_in_a_full_store_leaves_its_error_and_no_manifest(server, store, archiver, monkeypatch):
    async def full(*args, **options):
        raise StoreError("full", location="x")

    monkeypatch.setattr(store, "write", full)
    with pytest.raises(StoreError, match="full"):
        await archiver.keep(run_with(("text", "x")), ORIGIN)
    assert await keys_in(store) == []


async def test_keep_on_every_s3_server_is_read_back_whole(server, s3_store):
    big = (
        struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0)
        + struct.pack(">I4s", 12_000_008, b"moov")
        + bytes(12_000_000)
    )
    async with Downloader(trusted_hosts=server.trusted, sleep=no_sleep) as downloader:
        archiver = Archiver(s3_store, fetch=downloader.fetch)
        run = run_with(("videoUrl", server.serve("/v", cut(big, at=[7_000_000]))), ("text", "Grüße"))
        manifest = await archiver.keep(run, ORIGIN)
        assert await archiver.keep(run, ORIGIN) == manifest
    for output, content in zip(manifest.outputs, (big, "Grüße".encode()), strict=True):
        assert b"".join([block async for block in s3_store.stream(output.key)]) == content
        assert output.sha256 == hashlib.sha256(content).hexdigest()
