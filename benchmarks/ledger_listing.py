"""Lists a ledger of 1,000 archived entries in a folder and on SeaweedFS, and prints how long that takes.

    python -m benchmarks.ledger_listing [--entries 1000]

Each entry has the four records of a run that went well.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from florist.ledger import Entry, InputIdentity, Ledger, RunFacts, Send, State, Work, lines
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.s3_servers.servers import seaweedfs_server, weed_program

WRITERS = 16
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def records(number: int) -> list[Entry]:
    """What one run leaves behind."""
    prompt = f"a vase of peonies on a marble table, number {number}, soft light from the left"
    work = Work(
        technique_id="tech_benchmark",
        inputs=(InputIdentity.of_text("prompt", prompt), InputIdentity.of_content("image", "ab" * 32)),
        campaign="benchmark",
        row=str(number),
        step="still",
    )
    send = Send(sent_at=NOW, settles_at=NOW + timedelta(seconds=90), fingerprint="ab" * 6, owner="benchmark")
    ended = RunFacts(status="completed", charged_usd=Decimal("0.12"), outputs=1)
    intended = Entry(key=work.key, work=work, recorded_at=NOW, owner="benchmark")
    sent = intended.next(State.SENT, owner="benchmark", now=NOW, sends=(send,), sends_made=1)
    started = sent.next(State.STARTED, owner="benchmark", now=NOW, run_id=f"run_{number}", started_by="new")
    archived = started.next(State.ARCHIVED, owner="benchmark", now=NOW, ended=ended, manifest_key=f"{number}.json")
    return [intended, sent, started, archived]


async def measure(name: str, store: Store, count: int) -> None:
    ledger = Ledger(store)
    places = asyncio.Semaphore(WRITERS)

    async def write(number: int) -> None:
        async with places:
            for record in records(number):
                assert await ledger.append(record)

    began = time.monotonic()
    await asyncio.gather(*map(write, range(count)))
    print(f"{name}: {4 * count} records written in {time.monotonic() - began:.1f} s, {WRITERS} at once")
    for what, look in looks(ledger).items():
        began = time.monotonic()
        found = await look()
        print(f"{name}: {what}: {time.monotonic() - began:.2f} s ({found})")


def looks(ledger: Ledger) -> dict[str, Callable]:
    entry = records(0)[-1]

    async def table() -> str:
        return f"{len(lines(await ledger.entries()))} entries"

    async def find() -> str:
        return (await ledger.find(entry.key[:10])).run_id or ""

    return {"list all": table, "find by a short key": find}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1000)
    count = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure("folder", FolderStore(Path(folder) / "store"), count))
        program = weed_program()
        if program is None:
            print("seaweedfs: not installed")
            return
        with seaweedfs_server(program, Path(folder), https=False) as server:
            asyncio.run(measure("seaweedfs", server.store(), count))


if __name__ == "__main__":
    main()
