"""Florist as `florist run` does it: the flow `run_pipeline`; PREFECT_API_URL names a running server."""

import os
from collections.abc import Callable, Coroutine
from typing import Any

from benchmarks.speed.tally import Tally
from benchmarks.speed.task import API_KEY, CAMPAIGN, Task
from blocks import LocalArchive, S3Archive, archive_at
from flows.run_pipeline import run_pipeline


def prepared(task: Task, tally: Tally) -> Callable[[], Coroutine[None, None, None]]:
    """Return the work."""
    os.environ.update(FLORA_API_KEY=API_KEY, FLORA_BASE_URL=task.flora)
    for block in (LocalArchive, S3Archive):
        setattr(block, "get_store", _counted(block.get_store, tally))  # noqa: B010
    pipeline = str(task.work.write_pipeline(task.folder))

    async def walk_all() -> None:
        await run_pipeline(
            pipeline=pipeline,
            rows=task.rows,
            campaign=CAMPAIGN,
            archive=archive_at(task.archive),
            **task.options_of(run_pipeline.fn),
        )

    return walk_all


def _counted(get_store: Callable[[Any], Any], tally: Tally) -> Callable[[Any], Any]:
    return lambda block: tally.counted(get_store(block))
