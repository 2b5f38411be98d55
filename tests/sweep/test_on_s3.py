"""The sweep on a real S3 server, whose listings come in pages and in an order of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from florist.studio.studio import Studio
from florist.sweep.report import RunResult
from florist.sweep.workspace import sweep_workspace
from tests.sweep.test_sweep import KilledError, killed_when, long_history


@pytest.fixture
def store(seaweedfs_http):
    return seaweedfs_http.store()


async def test_sweep_on_s3_is_taken_up_after_a_kill_and_keeps_exactly_what_is_missing(workshop):
    wanted = await long_history(workshop, runs=1100, missing=20)
    with pytest.raises(KilledError):
        await sweep_workspace(workshop.studio, on_progress=killed_when(7))
    already = len(await workshop.keys("index/")) - 1080
    report = await sweep_workspace(workshop.studio)
    assert (already + report.kept_now, report.not_kept) == (20, 0)
    assert {run.run_id for run in report.of(RunResult.KEPT)} <= set(wanted)
    assert len(await workshop.keys("runs/")) == 2 * len(wanted)
    assert (await sweep_workspace(workshop.studio)).kept_now == 0


async def test_sweep_on_s3_aborts_uploads_that_nobody_goes_on_with(workshop, seaweedfs_http):
    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    store = seaweedfs_http.store(now=lambda: tomorrow)
    key = f"{store.prefix}/campaigns/spring/x.mp4"
    seaweedfs_http.client().create_multipart_upload(Bucket=seaweedfs_http.bucket, Key=key)
    studio = Studio(workshop.client, store)
    assert (
        (await sweep_workspace(studio)).leftovers_dropped,
        (await sweep_workspace(studio)).leftovers_dropped,
    ) == (1, 0)
    await studio.aclose()
