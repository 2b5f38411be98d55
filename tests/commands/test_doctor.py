"""`florist doctor` where no Prefect server is named: each check seen well, and seen ill."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from florist.api.models import Run
from florist.checkup.clocks import clock_finding
from florist.checkup.finding import Finding, Status, found_by
from florist.ledger import Entry, Ledger, State, TechniqueRoute, Work
from florist.ledger.promises import Observation, Promise, Promises
from florist.stores.folder import FolderStore
from florist.sweep.failures import Failure, note_failure
from tests.commands.conftest import Desk, desk_in

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
LINES = "name: lines\nsteps: {lines: {technique: headline-writer, inputs: {brief: Spring}}}\n"


@pytest.fixture
def place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where all is well but what a test makes ill: a locked pipeline, a known promise, an archive."""
    monkeypatch.chdir(desk.folder)
    (desk.folder / "pipelines").mkdir()
    (desk.folder / "pipelines/lines.yaml").write_text(LINES)
    desk.florist("lock")
    promise(desk, Promise.REPLAY)
    return desk


def promise(desk: Desk, seen: Promise) -> None:
    """Have the archive remember what FLORA was seen to do just now."""

    async def learn() -> None:
        from florist.client.client import FloraClient

        async with FloraClient() as client:
            scope = TechniqueRoute(client).promise_scope
        promises = Promises(FolderStore(desk.archive), scope=scope, lasts=WEEK)
        now = datetime.now(UTC)
        await promises.learn(Observation(promise=seen, is_same_body=True, seen_at=now, age_seconds=1.0))

    asyncio.run(learn())


def findings(desk: Desk) -> tuple[int, dict[str, Finding]]:
    code, said = desk.florist("doctor", "--archive", desk.archive, "--json")
    found = [Finding.model_validate(each) for each in json.loads(said)]
    return code, {each.name: each for each in found}


def status(desk: Desk, name: str) -> tuple[int, str]:
    code, found = findings(desk)
    return code, found[name].status


def test_doctor_of_a_healthy_place_finds_each_line_ok_and_pays_nothing(place: Desk):
    code, found = findings(place)
    assert list(found) == [
        *("FLORA key", "FLORA clock", "techniques"),
        *("archive rights", "archive writes", "archive clock", "archive URLs", "unfinished uploads"),
        *("repeated requests", "ledger", "lost runs", "Prefect"),
    ]
    assert (code, {each.status for each in found.values()}) == (0, {Status.OK})
    assert (place.books.total.requests, [*place.archive.rglob("checks/*")]) == (0, [])


def test_doctor_without_json_prints_a_line_each_and_counts_them(place: Desk):
    (place.folder / "pipelines/techniques.lock.json").unlink()
    code, said = place.florist("doctor", "--archive", place.archive)
    assert (code, said.splitlines()[-1]) == (0, "11 ok, 1 warn")
    assert any(
        line.startswith("warn\ttechniques\t") and line.endswith("\tflorist lock") for line in said.splitlines()
    )


def test_key_that_flora_refuses_fails_alone_and_is_not_told(place: Desk, monkeypatch):
    monkeypatch.setenv("FLORA_API_KEY", "sk_live_of_somebody_else")
    code, found = findings(place)
    assert (code, found["FLORA key"].status, "techniques" in found, "repeated requests" in found) == (
        *(1, Status.FAIL, False, False),
    )
    assert ("somebody" in str(found), found["ledger"].status) == (False, Status.OK)


def test_key_that_is_not_set_fails_and_the_archive_is_looked_at_all_the_same(place: Desk, monkeypatch):
    monkeypatch.delenv("FLORA_API_KEY")
    code, found = findings(place)
    assert (code, "FLORA_API_KEY is not set" in found["FLORA key"].told) == (1, True)
    assert found["archive writes"].status is Status.OK


def test_workspace_that_the_key_does_not_see_fails(place: Desk, monkeypatch):
    monkeypatch.setenv("FLORA_WORKSPACE_ID", "ws_of_another")
    assert status(place, "FLORA key") == (1, Status.FAIL)


def test_clock_of_flora_far_from_this_machine_s_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    opened: Iterator[Desk] = desk_in(tmp_path, monkeypatch, capsys, frozen_at=1_800_000_000.0)
    assert status(next(opened), "FLORA clock") == (1, Status.FAIL)
    next(opened, None)


@pytest.mark.parametrize(
    ("seconds", "found"),
    [(0, "ok"), (-29, "ok"), (31, "warn"), (-31, "warn"), (899, "warn"), (900, "fail"), (-901, "fail")],
)
def test_clock_is_warned_of_from_half_a_minute_and_fails_where_s3_refuses(seconds: int, found: str):
    finding = clock_finding("clock", here=NOON, there=NOON + timedelta(seconds=seconds))
    assert (finding.status, "timedatectl" in finding.mend) == (found, found != "ok")


def test_price_that_has_moved_since_the_lock_fails(place: Desk):
    file = place.folder / "pipelines/techniques.lock.json"
    lock = json.loads(file.read_text())
    lock["techniques"]["headline-writer"] |= {"price_usd": "0.02", "hash": "0" * 16}
    file.write_text(json.dumps(lock))
    code, found = findings(place)
    assert (code, found["techniques"].told) == (1, "headline-writer: the price moved from $0.02 to $0.01")


def test_pipeline_that_cannot_be_read_fails_with_its_reason(place: Desk):
    (place.folder / "pipelines/lines.yaml").write_text("steps: 3")
    code, found = findings(place)
    assert (code, "lines.yaml" in found["techniques"].told) == (1, True)


def test_archive_whose_place_is_taken_by_a_file_fails_alone(place: Desk):
    (place.folder / "taken").touch()
    place.archive.rename(place.folder / "elsewhere")
    place.archive.symlink_to(place.folder / "taken")
    code, found = findings(place)
    assert (code, found["archive rights"].status, "ledger" in found) == (1, Status.FAIL, False)


def test_archive_that_is_not_there_yet_is_well_and_not_made(place: Desk):
    place.archive.rename(place.folder / "elsewhere")
    assert status(place, "archive rights") == (0, Status.OK)
    assert not place.archive.exists()


def test_archive_that_overwrites_fails(place: Desk, monkeypatch):
    def replaces(self: FolderStore, key: str, data: bytes) -> bool:
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return True

    monkeypatch.setattr(FolderStore, "_create", replaces)
    code, found = findings(place)
    assert (code, "not atomic" in found["archive writes"].told) == (1, True)


def test_upload_that_a_killed_writer_left_is_warned_of(place: Desk):
    left = place.archive / "runs/.florist-part-1"
    left.parent.mkdir()
    left.touch()
    assert status(place, "unfinished uploads") == (0, Status.OK)
    os.utime(left, (1e9, 1e9))
    assert status(place, "unfinished uploads") == (0, Status.WARN)


@pytest.mark.parametrize("seen", [Promise.NEITHER, Promise.UNKNOWN])
def test_promise_that_is_broken_or_unknown_is_warned_of(place: Desk, seen: Promise):
    (record,) = (place.archive / "ledger/promises").rglob("*.json")
    record.unlink()
    if seen is Promise.NEITHER:
        promise(place, seen)
    assert status(place, "repeated requests") == (0, Status.WARN)


def test_entry_that_needs_review_is_warned_of_and_named(place: Desk):
    work = Work(technique_id="tech_1", inputs=(), campaign="spring", row="tulip")
    entry = Entry(key=work.key, work=work, state=State.NEEDS_REVIEW, recorded_at=NOON, owner="one")
    asyncio.run(Ledger(FolderStore(place.archive)).append(entry))
    code, found = findings(place)
    assert (code, found["ledger"].status, entry.key[:12] in found["ledger"].told) == (0, Status.WARN, True)


def test_entry_that_cannot_be_read_fails(place: Desk):
    damaged = place.archive / "ledger/entries/tech_1/abcdef0123456789/0000.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{}")
    assert status(place, "ledger") == (1, Status.FAIL)


@pytest.mark.parametrize(
    ("is_kept", "is_lost", "found"), [(True, True, "ok"), (False, True, "warn"), (False, False, "warn")]
)
def test_run_that_could_not_be_kept_is_warned_of_until_it_is(
    place: Desk, is_kept: bool, is_lost: bool, found: str
):
    run = Run.model_validate({"run_id": "run_1", "status": "completed"})
    failure = Failure(run=run, reason="HTTP 403", is_conclusive=is_lost, seen_at=NOON)
    asyncio.run(note_failure(FolderStore(place.archive), None, failure))
    if is_kept:
        (place.archive / "index").mkdir()
        (place.archive / "index/1.json").write_text("{}")
    code, all_found = findings(place)
    assert (code, all_found["lost runs"].status, "lost, such as run_1" in all_found["lost runs"].told) == (
        *(0, found, is_lost and not is_kept),
    )


async def test_check_that_breaks_fails_with_its_reason_and_without_what_is_secret():
    async def breaks() -> Finding:
        raise RuntimeError("GET https://a.test/b/c.png?signature=abc with Bearer sk_live_abc")

    finding = await found_by("mine", breaks)
    assert (finding.status, "RuntimeError" in finding.told) == (Status.FAIL, True)
    assert not any(secret in finding.told for secret in ("signature", "sk_live_abc"))
