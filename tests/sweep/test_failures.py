"""A run is lost when its URL has ended, or after days of failures; a refusal that passes loses nothing."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import AsyncMock

import pytest

from florist.api.errors import NotFoundError
from florist.api.models import Run
from florist.api.paging import Page
from florist.archive.archiver import Archiver
from florist.archive.errors import DeadUrlError
from florist.archive.manifest import RunOrigin
from florist.ledger import Ledger
from florist.stores.folder import FolderStore
from florist.sweep.charges import ChargeCheck
from florist.sweep.failures import unkept_runs
from florist.sweep.history_pass import History
from florist.sweep.report import RunResult, sweep_lines
from florist.sweep.sweep import Sweep
from tests.archive.test_archiver import PNG

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Origins:
    async def origin_of(self, run: Run) -> RunOrigin:
        return RunOrigin(technique_id=run.technique.technique_id, technique="still")

    async def kept(self, run, manifest) -> None:
        pass


class World:
    """A history of pictures, a CDN that may refuse some, an archive, and a clock."""

    def __init__(self, path, runs: int = 1, *, life: timedelta | None = 30 * DAY) -> None:
        self.path = path
        self.now = BEGIN
        self.refused: set[str] = set()
        self.unknown: set[str] = set()
        self.fetched: list[str] = []
        self.raised: Exception | None = None
        self.is_covered = False
        until = f"?expires={int((BEGIN + life).timestamp())}" if life else ""
        self.runs = [self._run(f"run_{number}", until) for number in range(runs)]

    def _run(self, run_id: str, until: str) -> Run:
        output = {"output_id": "o", "type": "imageUrl", "url": f"https://media.test/{run_id}{until}"}
        told = {"run_id": run_id, "status": "completed", "created_at": BEGIN.isoformat(), "charged_cost": 0.5}
        return Run.model_validate({**told, "technique": {"technique_id": "tech_1"}, "outputs": [output]})

    async def page(self, cursor):
        return Page(() if self.is_covered else tuple(self.runs))

    async def retrieve(self, run: Run) -> Run:
        if run.run_id in self.unknown:
            raise NotFoundError("unknown", status=404)
        return next(known for known in self.runs if known.run_id == run.run_id)

    async def fetch(self, url):
        name = url.reveal().rpartition("/")[2].partition("?")[0]
        self.fetched.append(name)
        if self.raised:
            raise self.raised
        if name in self.refused:
            raise DeadUrlError(f"{url} is dead (HTTP 403)")
        yield PNG

    async def sweep(self, *, after: timedelta = timedelta(), full: bool = False, owner: str = "flora key1"):
        self.now += after
        store = FolderStore(self.path)
        archiver = Archiver(store, fetch=self.fetch, now=lambda: self.now)
        history = History("technique-runs", self.page, self.retrieve)
        charges = ChargeCheck(Ledger(store), now=lambda: self.now)
        sweep = Sweep(store, archiver, [history], Origins(), charges, owner=owner, now=lambda: self.now)
        return await sweep.run(full=full)


async def test_run_refused_for_a_while_is_kept_once_the_cdn_opens_again(tmp_path):
    world = World(tmp_path, life=None)
    world.refused = {"run_0"}
    assert [(await world.sweep(after=DAY)).failed for _ in range(3)] == [1, 1, 1]
    world.refused, world.is_covered = set(), True
    report = await world.sweep(after=DAY)
    assert (report.kept_now, report.not_kept) == (1, 0)
    assert report.runs[0].note.endswith("(after 3 failed attempts)")


async def test_forty_of_120_runs_refused_in_one_sweep_are_failed_and_none_is_lost(tmp_path):
    world = World(tmp_path, 120)
    world.refused = {f"run_{number}" for number in range(0, 120, 3)}
    report = await world.sweep()
    assert (report.kept_now, report.failed, report.lost) == (80, 40, 0)
    world.refused = set()
    assert (await world.sweep()).kept_now == 40


async def test_run_whose_url_has_ended_is_lost_and_told_in_every_report(tmp_path):
    world = World(tmp_path, life=-DAY)
    world.refused = {"run_0"}
    reports = [await world.sweep(after=timedelta(hours=1)) for _ in range(3)]
    assert [(report.lost, report.failed, report.not_kept_usd) for report in reports] == [(1, 0, 0.5)] * 3


async def test_lost_run_is_tried_again_ever_more_seldom_and_kept_if_that_succeeds(tmp_path):
    world = World(tmp_path, life=-DAY)
    world.refused = {"run_0"}
    tried = []
    for day in range(40):
        world.fetched.clear()
        await world.sweep(after=DAY)
        if world.fetched:
            tried.append(day)
    assert tried == [0, 1, 3, 7, 14, 28]
    world.refused = set()
    assert (await world.sweep(after=30 * DAY)).kept_now == 1


async def test_full_sweep_tries_every_lost_run_at_once(tmp_path):
    world = World(tmp_path, life=-DAY)
    world.refused = {"run_0"}
    await world.sweep()
    world.refused = set()
    assert (await world.sweep()).lost == 1
    assert (await world.sweep(full=True)).kept_now == 1


@pytest.mark.parametrize(("sweeps", "hours", "lost"), [(3, 1, 0), (3, 24, 0), (2, 99, 0), (3, 37, 1)])
async def test_run_without_a_stated_end_is_lost_only_after_several_sweeps_and_days(tmp_path, sweeps, hours, lost):
    world = World(tmp_path, life=None)
    world.refused = {"run_0"}
    for _ in range(sweeps):
        report = await world.sweep(after=timedelta(hours=hours))
    assert report.lost == lost


async def test_run_that_flora_does_not_find_any_more_is_not_lost_at_once(tmp_path):
    world = World(tmp_path, life=-DAY)
    world.refused = world.unknown = {"run_0"}
    assert (await world.sweep()).failed == 1


async def test_failure_of_one_key_is_not_judged_by_another(tmp_path):
    world = World(tmp_path)
    world.refused = {"run_0"}
    await world.sweep()
    runs, world.runs, world.unknown = world.runs, [], {"run_0"}
    assert (await world.sweep(owner="flora key2")).failed == 1
    [unkept] = (await unkept_runs(FolderStore(tmp_path))).runs.values()
    assert len(unkept.failures) == 1
    world.runs, world.unknown, world.refused = runs, set(), set()
    assert (await world.sweep(owner="flora key2")).kept_now == 1


async def test_note_of_an_earlier_version_is_read_as_a_first_failure(tmp_path):
    world = World(tmp_path, life=None)
    note = {"schema_version": 1, "run_id": "run_0", "technique": "still", "charged_usd": "0.50", "reason": "a 403"}
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost/0.json").write_text(json.dumps({**note, "found_at": BEGIN.isoformat()}))
    world.refused = {"run_0"}
    report = await world.sweep(after=DAY)
    assert (report.failed, report.lost, report.not_kept_usd) == (1, 0, 0.5)
    assert "tried 2 times since 2027-01-01" in report.runs[0].note


RUN_7 = '{"run_id": "run_7", "status": "completed"'


@pytest.mark.parametrize(
    "content",
    [
        '{"run"',
        f'{{"run": {RUN_7}}}, "reason": "x", "seen_at": "2027-01-01T00:00:00"}}',
        f'{{"run": {RUN_7}}}, "reason": "x", "seen_at": "2027-01-01T00:00:00Z", "schema_version": 3}}',
    ],
    ids=["cut", "moment without zone", "later version"],
)
async def test_note_that_is_damaged_is_told_and_stops_nothing(tmp_path, content):
    world = World(tmp_path, 2)
    (tmp_path / "lost/7").mkdir(parents=True)
    (tmp_path / "lost/7/0001.json").write_text(content)
    report = await world.sweep()
    assert (report.kept_now, report.failed) == (2, 1)
    assert "lost/7/0001.json" in report.of(RunResult.FAILED)[0].note


@pytest.mark.parametrize("error", [UnicodeDecodeError("utf-8", b"s3cret", 0, 1, "bad"), RuntimeError("s3cret")])
async def test_error_that_nobody_thought_of_concerns_its_run_alone(tmp_path, error, caplog):
    world = World(tmp_path)
    world.raised = error
    report = await world.sweep()
    assert report.failed == 1
    assert type(error).__name__ in report.runs[0].note
    assert "s3cret" not in report.model_dump_json() + caplog.text
    world.raised = None
    assert (await world.sweep()).kept_now == 1


async def test_notes_hold_no_url_and_no_output(tmp_path):
    world = World(tmp_path)
    world.refused = {"run_0"}
    await world.sweep()
    [note] = (tmp_path / "lost").rglob("*.json")
    assert "expires" not in note.read_text()
    assert json.loads(note.read_text())["run"]["outputs"] == []


async def test_items_of_history_that_cannot_be_read_are_counted_in_the_report(tmp_path):
    world = World(tmp_path)
    pages = {
        None: Page((), "next", ("item 0: status", "item 1: run_id")),
        "next": Page((), None, ("item 0: status",)),
    }
    world.page = AsyncMock(side_effect=pages.get)
    report = await world.sweep()
    assert report.unreadable == 3
    assert any(line.startswith("3 items of history cannot be read") for line in sweep_lines(report))
    assert not any("cannot be read" in line for line in sweep_lines(await World(tmp_path).sweep()))
