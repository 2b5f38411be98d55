"""A worker: walks a pipeline over rows without Prefect, in fast time, and dies where it is told to.

    python -m tests.drills.ledger.walk_rows --flora http://127.0.0.1:8787/api/v1 --store DIR --began 1790000000 \\
        --pipeline three-steps.yaml --rows 10 --kill-at 57

Exits with 0 once every row is done, with 1 if some are not. `--report` gets what became of each step.
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from florist.api import FloraAPI
from florist.campaigns.budget import CampaignBudget
from florist.campaigns.gaps import BUDGET
from florist.campaigns.walking import walk_plainly
from florist.errors import FloristError
from florist.ledger import GenerationRoute, Ledger, Spender, TechniqueRoute
from florist.pipelines import definitions_of, load_pipeline
from florist.pipelines.rows import plan_rows
from florist.stores.folder import FolderStore
from florist.stores.s3 import S3Store
from florist.stores.store import Store
from florist.studio.studio import Studio
from tests.drills.ledger.fast_time import RATE, FastTime
from tests.drills.ledger.pointed_http import point_http
from tests.drills.ledger.pointed_store import PointedStore
from tests.drills.ledger.points import Points
from tests.s3_servers.servers import S3Server

REQUEST_TIMEOUT = 30.0
"""The client's own default, in fast time."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Walk, and exit."""
    wanted = _parser().parse_args(arguments)
    if wanted.log:
        output = os.open(wanted.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
    points = Points(wanted.kill_at, wanted.stop_at, wanted.stop_for, wanted.trace)
    point_http(points.pass_by)
    try:
        came = asyncio.run(_walk(wanted, points))
    except* FloristError as errors:
        came = {"": [type(error).__name__ for error in errors.exceptions]}
        print(errors.exceptions)  # noqa: T201
    came["points"] = points.passed
    if wanted.report:
        wanted.report.write_text(json.dumps(came))
    sys.exit(0 if came.get("is_done") else 1)


async def _walk(wanted: argparse.Namespace, points: Points) -> dict[str, object]:
    step_at = monotonic() + wanted.clock_step_after
    time = FastTime(wanted.began, wanted.rate, wanted.clock_error, wanted.clock_step, step_at)
    store = PointedStore(
        store_named(wanted.store),
        points.pass_by,
        of_real=time.of_real,
        trouble=wanted.store_trouble,
        seed=wanted.seed,
    )
    client = FloraAPI(
        api_key=wanted.api_key,
        base_url=wanted.flora,
        timeout=REQUEST_TIMEOUT / wanted.rate,
        now=time.now,
        monotonic=time.monotonic,
        sleep=time.sleep,
    )
    async with client:
        ledger = Ledger(store)
        routes = (
            route(client, now=time.now, monotonic=time.monotonic) for route in (TechniqueRoute, GenerationRoute)
        )
        spender, generations = (
            Spender(
                ledger,
                route,
                now=time.now,
                monotonic=time.monotonic,
                sleep=time.sleep,
                checkpoint=points.pass_by,
            )
            for route in routes
        )
        studio = Studio(client, store, spender=spender, generations=generations, now=time.now)
        try:
            return await _walk_with(studio, wanted, time)
        finally:
            await studio.aclose()


async def _walk_with(studio: Studio, wanted: argparse.Namespace, time: FastTime) -> dict[str, object]:
    pipeline = load_pipeline(wanted.pipeline)
    rows = {f"row-{number}": {"name": f"number {number}"} for number in range(wanted.rows)}
    if wanted.only:
        rows = {wanted.only: rows[wanted.only]}
    plans = plan_rows(pipeline, {}, rows, await definitions_of(pipeline, studio.client))
    await studio.check()
    budget = None
    if wanted.budget is not None:
        budget = await CampaignBudget.opened(
            studio.ledger,
            wanted.campaign,
            plans,
            cap_usd=wanted.budget,
            rows_per_block=wanted.rows_per_block,
            now=time.now,
            monotonic=time.monotonic,
            sleep=time.sleep,
        )
    walked = await walk_plainly(studio, plans, campaign=wanted.campaign, budget=budget, now=time.now)
    for gap in walked.gaps:
        print(f"{gap.label}: {gap.error}: {gap.message}")  # noqa: T201
    # A row that did not fit was never begun, and so has raised nothing.
    held_back = {gap.label: "BudgetRefusedError" for gap in walked.gaps if gap.code == BUDGET}
    failed = {gap.label: gap.error for gap in walked.gaps if gap.error} | held_back
    counts = Counter(str(made.how) for made in walked.made.values())
    return {"failed": failed, "how": counts, "is_done": not walked.gaps}


def store_named(place: str) -> Store:
    """Return a folder, or a prefix of a bucket: `http://127.0.0.1:8333/bucket/prefix`."""
    if not place.startswith("http"):
        return FolderStore(place)
    parts = urlsplit(place)
    bucket, _, prefix = parts.path.strip("/").partition("/")
    server = S3Server(f"{parts.scheme}://{parts.netloc}", bucket=bucket)
    return S3Store(server.bucket, prefix, access=server.access)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.ledger.walk_rows")
    parser.add_argument("--flora", required=True)
    parser.add_argument("--api-key", default="sk_test_drill")
    parser.add_argument("--store", required=True)
    parser.add_argument("--store-trouble", type=float, default=0.0, help="share of the calls that fail")
    parser.add_argument("--seed", default="")
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--campaign", default="drill")
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--budget", type=Decimal, help="USD that the campaign may cost")
    parser.add_argument("--rows-per-block", type=int, default=500)
    parser.add_argument("--only", default="", help="leave out all rows but this one")
    parser.add_argument("--began", type=float, required=True, help="when fast time and real time were one")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--clock-error", type=float, default=0.0, help="seconds our clock is fast")
    parser.add_argument("--clock-step", type=float, default=0.0, help="seconds by which our clock is set later on")
    parser.add_argument("--clock-step-after", type=float, default=0.0, help="real seconds until then")
    parser.add_argument("--kill-at", default="", help="a point's number, or its name and which time: after post#3")
    parser.add_argument("--stop-at", default="", help="as --kill-at: SIGSTOP")
    parser.add_argument("--stop-for", type=float, default=0.0, help="real seconds until SIGCONT; 0: never")
    parser.add_argument("--trace", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--log")
    return parser


if __name__ == "__main__":
    main()
