"""Measures a bill of many runs: seconds and memory, by a process of its own for each size.

    python -m benchmarks.bill_at_scale [--runs 3000 30000]

A folder with three records for each entry, as a run that goes well leaves them.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from florist.campaigns.bill.reading import read_charges
from florist.ledger import Entry, InputIdentity, RunFacts, Send, State, Work
from florist.stores.folder import FolderStore

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
PRICE = Decimal("0.08")


def entry(number: int) -> Entry:
    work = Work(
        technique_id=f"tech_{number % 3}",
        inputs=(InputIdentity.of_text("prompt", f"A studio photograph of product {number}, on marble. " * 4),),
        campaign="spring",
        row=f"sku-{number // 3}",
        step=("still@playful", "caption", "film")[number % 3],
    )
    send = Send(
        sent_at=NOON,
        settles_at=NOON + timedelta(minutes=2),
        fingerprint="0123456789",
        owner="host:1:abc",
        number=0,
    )
    ended = RunFacts(status="completed", charged_usd=PRICE, outputs=1, completed_at=NOON)
    return Entry(
        key=work.key,
        work=work,
        number=2,
        state=State.ARCHIVED,
        recorded_at=NOON,
        owner="host:1:abc",
        sends=(send,),
        sends_made=1,
        price_usd=PRICE,
        run_id=f"run_{number:024d}",
        started_by="new",
        ended=ended,
        manifest_key=f"index/{number:024d}.json",
    )


def fill(folder: Path, runs: int) -> None:
    """Write the records past the store: nothing here has to survive a power cut."""
    for number in range(runs):
        made = entry(number)
        below = folder / "ledger/entries" / made.work.technique_id / made.key
        below.mkdir(parents=True)
        content = made.model_dump_json(indent=1)
        for record in range(3):
            (below / f"{record:04d}.json").write_text(content)


def bill(folder: str) -> None:
    """Read the bill, and say what it took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun, cpu = time.monotonic(), time.process_time()
    made = asyncio.run(read_charges(FolderStore(folder), "spring")).bill("row")
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{made.total.runs:,} runs, ${made.total.charged_usd:,.2f}: {took:.1f} s ({cpu:.1f} s CPU), "
        f"{peak:.0f} MiB ({peak - before:.0f} of them for the bill)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[3_000, 30_000])
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        bill(given.folder)
        return
    for runs in given.runs:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), runs)
            subprocess.run([sys.executable, "-m", "benchmarks.bill_at_scale", "--folder", folder], check=True)


if __name__ == "__main__":
    main()
