"""A sweep finds what was paid for and is not kept, whatever happens meanwhile."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flora_sandbox.faults import Fault
from florist.archive.archiver import Archiver
from florist.stores.errors import StoreFullError
from florist.stores.folder import FolderStore
from florist.stores.keys import TEMPORARY_MARK
from florist.studio.studio import Studio
from florist.sweep.errors import SweepIncompleteError
from florist.sweep.report import RunResult, SweepProgress
from florist.sweep.workspace import sweep_workspace

RETRIEVE = "GET /techniques/{technique}/runs/{run_id}"
PAGES = "GET /technique-runs"
DAY = 86_400.0


class KilledError(BaseException):
    """The process dies here."""


def killed_when(kept: int):
    def on_progress(progress: SweepProgress) -> None:
        if progress.kept == kept:
            raise KilledError

    return on_progress


async def long_history(workshop, runs: int = 5000, missing: int = 30) -> list[str]:
    """A history of months, with some runs in it that nobody has kept."""
    wanted: list[str] = []
    for _ in range(5):
        workshop.sandbox.add_history((runs - missing) // 5)
        wanted += await workshop.headlines(missing // 5)
        workshop.sandbox.clock.advance(30 * DAY)
    await workshop.keep_all(but=wanted)
    return wanted


async def test_sweep_of_a_long_history_keeps_exactly_what_is_missing(workshop):
    wanted = await long_history(workshop)
    before = workshop.asked(RETRIEVE)
    report = await sweep_workspace(workshop.studio)
    assert sorted(run.run_id for run in report.of(RunResult.KEPT)) == sorted(wanted)
    assert (report.seen, report.kept_before, report.failed, report.lost) == (5000, 4970, 0, 0)
    assert (report.pages, workshop.asked(PAGES)) == (101, 100)  # one of them of generations
    assert workshop.asked(RETRIEVE) - before == 30


async def test_sweep_again_finds_none_and_reads_only_what_is_new(workshop):
    await long_history(workshop)
    await sweep_workspace(workshop.studio)
    before = workshop.asked(PAGES)
    report = await sweep_workspace(workshop.studio)
    assert (report.kept_now, report.kept_before, report.not_kept) == (0, 5000, 0)
    assert workshop.asked(PAGES) - before == 21  # a day beyond the newest thousand: the page that ends them


async def test_sweep_in_full_reads_all_of_history_again(workshop):
    await long_history(workshop, runs=500, missing=10)
    await sweep_workspace(workshop.studio)
    report = await sweep_workspace(workshop.studio, full=True)
    assert (report.seen, report.kept_now) == (500, 0)


@pytest.mark.parametrize("kept", [1, 15, 29])
async def test_sweep_killed_in_the_middle_goes_on_and_keeps_each_run_once(workshop, kept):
    wanted = await long_history(workshop, runs=2000)
    with pytest.raises(KilledError):
        await sweep_workspace(workshop.studio, on_progress=killed_when(kept))
    already = len(await workshop.keys("index/")) - 1970
    report = await sweep_workspace(workshop.studio)
    assert already >= kept
    assert report.kept_now == 30 - already
    assert len(await workshop.keys("runs/")) == 2 * len(wanted)


async def test_sweep_after_a_kill_does_not_read_again_what_was_dealt_with(workshop):
    await long_history(workshop, runs=3000)
    with pytest.raises(KilledError):
        await sweep_workspace(workshop.studio, on_progress=killed_when(29))
    before = workshop.asked(PAGES)
    await sweep_workspace(workshop.studio)
    # The newest month and the page that ends it; where the pass before was; from there on.
    assert workshop.asked(PAGES) - before == 13 + 1 + 21


async def test_sweep_after_a_kill_finds_what_has_come_meanwhile(workshop):
    await long_history(workshop, runs=3000)
    with pytest.raises(KilledError):
        await sweep_workspace(workshop.studio, on_progress=killed_when(20))
    new = await workshop.headlines(2)
    report = await sweep_workspace(workshop.studio)
    assert {run.run_id for run in report.runs} >= set(new)
    assert len(await workshop.keys("index/")) == 3002


@pytest.mark.parametrize("settings", [{"paging": "offset"}])
async def test_sweep_of_pages_that_shift_under_it_keeps_each_run_once(workshop):
    workshop.sandbox.add_history(110)
    added = 0

    def grow(progress: SweepProgress) -> None:
        nonlocal added
        if added < 5:
            workshop.sandbox.add_history(7)
            added += 1

    report = await sweep_workspace(workshop.studio, on_progress=grow)
    assert (report.kept_now, len({run.run_id for run in report.runs})) == (110, 110)
    assert (await sweep_workspace(workshop.studio)).kept_now == 35


async def test_sweep_while_a_run_is_unfinished_keeps_it_the_next_time(workshop):
    workshop.sandbox.set_faults(Fault(name="stuck_pending", times=1))
    stuck = await workshop.client.runs.start_technique(technique_id="tech_headlines01", inputs={"brief": "Autumn"})
    workshop.sandbox.clock.advance(40 * DAY)
    [later] = await workshop.headlines(1)
    assert [run.run_id for run in (await sweep_workspace(workshop.studio)).runs] == [later]
    complete(workshop, stuck.run_id)
    assert [run.run_id for run in (await sweep_workspace(workshop.studio)).runs] == [stuck.run_id]


async def test_sweep_keeps_pictures_and_generations_made_by_hand(workshop):
    [picture] = await workshop.pictures(1)
    project = (await workshop.client.projects.list().page()).items[0]
    made = await workshop.client.generations.create(
        type="image", prompt="a red barn", project_id=project.project_id
    )
    while not (await workshop.client.generations.retrieve(made.run_id)).is_finished:
        pass
    report = await sweep_workspace(workshop.studio)
    assert {run.run_id for run in report.of(RunResult.KEPT)} == {picture, made.run_id}
    folders = {key.rsplit("/", 1)[0] for key in await workshop.keys("runs/")}
    assert folders == {"runs/2027-01-15/key-visual", f"runs/2027-01-15/{_folder(made)}"}
    assert report.kept_now_usd == workshop.sandbox.books().total.charged_usd


def _folder(made) -> str:
    return f"generation-{made.model.model_id}" if made.model else "generation"


@pytest.mark.parametrize("settings", [{"final_lifetimes": True}])
async def test_output_that_has_expired_is_lost_once_and_stays_in_every_report(workshop):
    [run_id] = await workshop.pictures(1)
    workshop.sandbox.clock.advance(2 * DAY)
    first = await sweep_workspace(workshop.studio)
    before = workshop.asked(RETRIEVE)
    second = await sweep_workspace(workshop.studio)
    for report in (first, second):
        assert [(run.run_id, run.charged_usd) for run in report.of(RunResult.LOST)] == [(run_id, Decimal("0.08"))]
        assert (report.not_kept, report.not_kept_usd, report.failed) == (1, Decimal("0.08"), 0)
    assert workshop.asked(RETRIEVE) == before


async def test_run_without_outputs_is_lost(workshop):
    workshop.sandbox.set_faults(Fault(name="no_outputs"))
    [run_id] = await workshop.headlines(1)
    report = await sweep_workspace(workshop.studio)
    assert [(run.run_id, run.outcome) for run in report.runs] == [(run_id, RunResult.LOST)]


async def test_run_that_cannot_be_fetched_does_not_stop_the_others_and_is_tried_again(workshop):
    await workshop.pictures(1)
    await workshop.headlines(3)
    workshop.sandbox.set_faults(Fault(name="media_wrong_type"), Fault(name="media_wrong_length"))
    report = await sweep_workspace(workshop.studio)
    assert (report.kept_now, report.failed, report.not_kept_usd) == (3, 1, Decimal("0.08"))
    with pytest.raises(SweepIncompleteError):
        report.raise_for_failures()
    workshop.sandbox.set_faults()
    assert (await sweep_workspace(workshop.studio)).kept_now == 1


async def test_failure_of_long_ago_is_tried_again_by_the_next_sweep(workshop):
    await workshop.pictures(1)
    for _ in range(2):
        workshop.sandbox.clock.advance(30 * DAY)
        workshop.sandbox.add_history(60)
    workshop.sandbox.set_faults(Fault(name="media_unavailable"))
    await sweep_workspace(workshop.studio)
    workshop.sandbox.set_faults()
    report = await sweep_workspace(workshop.studio)
    assert (report.kept_now, report.kept_before, report.not_kept) == (1, 120, 0)


async def test_failure_is_reported_also_by_the_sweep_that_goes_on_after_a_kill(workshop):
    at_the_end = await workshop.headlines(1)
    workshop.sandbox.clock.advance(30 * DAY)
    workshop.sandbox.add_history(600)
    in_the_middle = await workshop.pictures(1)
    for _ in range(2):
        workshop.sandbox.clock.advance(30 * DAY)
        workshop.sandbox.add_history(60)
    await workshop.keep_all(but=at_the_end + in_the_middle)
    workshop.sandbox.set_faults(Fault(name="media_unavailable"))
    with pytest.raises(KilledError):
        await sweep_workspace(workshop.studio, on_progress=killed_when(1))
    assert (await sweep_workspace(workshop.studio)).failed == 1


async def test_store_that_is_full_ends_the_sweep(workshop, monkeypatch):
    async def full(self, run, origin, *, refresh=None):
        raise StoreFullError("no space is left")

    await workshop.headlines(3)
    monkeypatch.setattr(Archiver, "keep", full)
    with pytest.raises(StoreFullError):
        await sweep_workspace(workshop.studio)


async def test_temporary_file_of_a_killed_writer_is_removed_a_day_later(workshop, tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / f"{TEMPORARY_MARK}old").write_bytes(b"half")
    report = await sweep_workspace(workshop.studio)
    assert report.leftovers_dropped == 0
    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    studio = Studio(workshop.client, FolderStore(folder, now=lambda: tomorrow))
    assert (await sweep_workspace(studio)).leftovers_dropped == 1
    await studio.aclose()


async def test_unfinished_upload_is_aborted(workshop, moto):
    store = moto.store(now=lambda: datetime.now(UTC) + timedelta(hours=25))
    key = f"{store.prefix}/campaigns/spring/x.mp4"
    moto.client().create_multipart_upload(Bucket=moto.bucket, Key=key)
    studio = Studio(workshop.client, store)
    report = await sweep_workspace(studio)
    await studio.aclose()
    assert report.leftovers_dropped == 1
    assert "Uploads" not in moto.client().list_multipart_uploads(Bucket=moto.bucket, Prefix=key)


async def test_report_as_json_holds_every_count_and_no_url(workshop):
    await workshop.pictures(1)
    report = json.loads((await sweep_workspace(workshop.studio)).model_dump_json())
    assert (report["kept_now"], report["not_kept"], report["not_kept_usd"]) == (1, 0, "0")
    assert "http" not in json.dumps(report)


def complete(workshop, run_id: str) -> None:
    """Let a stuck run complete."""

    def act(flora) -> None:
        flora.database.write(
            "UPDATE runs SET is_stuck = 0, final = 'completed', completed_at = ends_at, rendered_at = ends_at"
            " WHERE run_id = ?",
            run_id,
        )
        flora.database.insert(
            "outputs", run_id=run_id, position=0, output_id="headlines", type="text", text="Leaves",
            media_type="text/plain", size_bytes=6, sha256="",
        )  # fmt: skip

    workshop.sandbox._in_server(act)
