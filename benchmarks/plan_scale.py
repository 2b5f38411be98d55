"""Plans a finished campaign of 10,000 rows and three steps on SeaweedFS, again and again; prints times and memory.

    python -m benchmarks.plan_scale [--rows 10000] [--folder]

The ledger, the manifests and the index are as the runs would have left them, with the three records of a run that
went well; no output's bytes. Each plan is made in a process of its own: the first one has no snapshot, the second
one has, the third one comes after 1 % of the entries have moved. Fails if the second takes longer than 20 s or
300 MB.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.models import MediaKind
from florist.archive.keys import index_key
from florist.archive.manifest import ArchivedOutput, Manifest, ManifestPointer
from florist.campaigns.plan.planning import Wanted, planned_campaign
from florist.campaigns.plan.summary import summary
from florist.ledger import Entry, InputIdentity, Ledger, RunFacts, Send, State, Work, restart
from florist.pipelines import parse_pipeline
from florist.stores.locations import store_at
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY, seaweedfs_server, weed_program

CAMPAIGN = "benchmark"
SECONDS_AT_MOST = 20.0
MB_AT_MOST = 300
WRITERS = 32
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PIPELINE = """
name: chain
params: {brief: {type: text}}
steps:
  still: {technique: key-visual, inputs: {prompt: "${params.brief}"}}
  caption: {technique: caption-writer, inputs: {image: "${steps.still.output}"}}
  page: {technique: look-book-page, inputs: {image: "${steps.still.output}", title: "So: ${steps.caption.output}"}}
"""
TECHNIQUES = {"still": "tech_keyvisual01", "caption": "tech_caption0001", "page": "tech_lookbook001"}


def brief(row: int) -> str:
    return f"a vase of peonies on a marble table, number {row}, soft light from the left"


def run_id(row: int, step: str) -> str:
    return f"run_{step}{row:06d}"


def caption(row: int) -> str:
    return f"Peonies, number {row}"


def identities(row: int) -> dict[str, tuple[InputIdentity, ...]]:
    """What the three steps of a row are made of."""
    image = InputIdentity.of_output("image", run_id(row, "still"), 0)
    return {
        "still": (InputIdentity.of_text("prompt", brief(row)),),
        "caption": (image,),
        "page": (image, InputIdentity.of_text("title", f"So: {caption(row)}")),
    }


def objects(row: int) -> Iterator[tuple[str, bytes]]:
    """What a finished row has left in the archive, by key."""
    for step, inputs in identities(row).items():
        work = Work(technique_id=TECHNIQUES[step], inputs=inputs, campaign=CAMPAIGN, row=str(row), step=step)
        send = Send(sent_at=NOW, settles_at=NOW + timedelta(seconds=90), fingerprint="ab" * 6, owner="benchmark")
        ended = RunFacts(status="completed", charged_usd=Decimal("0.05"), outputs=1)
        manifest_key = f"campaigns/{CAMPAIGN}/{row}/{step}/{run_id(row, step)[4:]}.json"
        sent = Entry(key=work.key, work=work, recorded_at=NOW, owner="x", state=State.SENT, sends=(send,))
        started = sent.next(State.STARTED, owner="x", now=NOW, run_id=run_id(row, step), started_by="new")
        archived = started.next(State.ARCHIVED, owner="x", now=NOW, ended=ended, manifest_key=manifest_key)
        for entry in (sent, started, archived):
            path = f"ledger/entries/{work.technique_id}/{entry.key}/{entry.number:04d}.json"
            yield path, entry.model_dump_json(indent=1).encode()
        kind = MediaKind.TEXT if step == "caption" else MediaKind.IMAGE
        output = ArchivedOutput(
            index=0, output_id=step, type=kind, key=f"{manifest_key}.bin", sha256="ab" * 32, size_bytes=9,
            media_type="x", text=caption(row) if step == "caption" else None,
        )  # fmt: skip
        manifest = Manifest(
            technique_id=work.technique_id,
            technique=step,
            run_id=run_id(row, step),
            archived_at=NOW,
            outputs=(output,),
        )
        yield manifest_key, manifest.to_json()
        pointer = ManifestPointer(run_id=run_id(row, step), manifest_key=manifest_key)
        yield index_key(run_id(row, step)), pointer.to_json()


async def fill(store: Store, rows: int) -> None:
    await store.check()
    await Campaigns(store).begin(CAMPAIGN)
    left = (pair for row in range(rows) for pair in objects(row))

    async def write() -> None:
        for key, content in left:
            await store.create(key, content)

    await asyncio.gather(*(write() for _ in range(WRITERS)))


async def move(store: Store, rows: int) -> None:
    """Have every hundredth row's page paid for anew."""
    ledger = Ledger(store)
    for row in range(0, rows, 100):
        inputs = identities(row)["page"]
        work = Work(technique_id=TECHNIQUES["page"], inputs=inputs, campaign=CAMPAIGN, row=str(row), step="page")
        entry = await ledger.entry(work.key, work.technique_id)
        assert entry
        await restart(ledger, entry, gives_up_run=True)


async def plan(location: str, rows: int) -> None:
    """Make one plan, and print what it took."""
    pipeline = parse_pipeline(PIPELINE, file=Path("chain.yaml"))
    wanted = Wanted(pipeline, {}, {str(row): {"brief": brief(row)} for row in range(rows)}, campaign=CAMPAIGN)
    began, busy = time.monotonic(), time.process_time()
    key, url = os.environ["FLORA_API_KEY"], os.environ["FLORA_BASE_URL"]
    async with FloraAPI(api_key=key, base_url=url) as client:
        planned = await planned_campaign(client, store_at(location), wanted)
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(*summary(planned.plan), sep="\n", file=sys.stderr)
    print(f"{seconds:.1f} {busy:.1f} {megabytes:.0f}")


def measured(location: str, rows: int, what: str, environment: dict[str, str]) -> tuple[float, float]:
    words = [sys.executable, "-m", "benchmarks.plan_scale", "--plan", location, "--rows", str(rows)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    seconds, busy, megabytes = map(float, done.stdout.split())
    print(f"{what}: {seconds:.1f} s ({busy:.1f} s of processor time), {megabytes:.0f} MB", flush=True)
    print(done.stderr, flush=True)
    return seconds, megabytes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--folder", action="store_true", help="in a folder, not on SeaweedFS")
    parser.add_argument("--plan", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.plan:
        asyncio.run(plan(given.plan, given.rows))
        return 0
    program = weed_program()
    if program is None and not given.folder:
        print("seaweedfs: not installed")
        return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(SandboxServer(folder / "flora", Settings()))
        environment = {**os.environ, "FLORA_API_KEY": sandbox.api_key, "FLORA_BASE_URL": sandbox.base_url}
        location = str(folder / "archive")
        if not given.folder and program is not None:
            server = stack.enter_context(seaweedfs_server(program, folder, https=False))
            location = f"s3://{server.bucket}/scale?endpoint_url={server.endpoint_url}&addressing=path"
            keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
            os.environ.update(keys)
            environment |= keys
        began = time.monotonic()
        asyncio.run(fill(store_at(location), given.rows))
        print(f"{given.rows} rows written in {time.monotonic() - began:.0f} s", flush=True)
        measured(location, given.rows, "first plan, without a snapshot", environment)
        seconds, megabytes = measured(location, given.rows, "planned again, by the snapshot", environment)
        asyncio.run(move(store_at(location), given.rows))
        measured(location, given.rows, "planned again, 1 % of the pages moved", environment)
    return int(seconds > SECONDS_AT_MOST or megabytes > MB_AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
