"""Counts what the ledger asks of its store for one run that goes well, and what the archive asks beside it.

    python -m benchmarks.ledger_cost [--rows 10]

A walk of three steps over the rows, by one process, against the sandbox.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from tests.drills.ledger.scene import STEPS, scene

LEDGER = (
    "entries",
    "claims",
    "callbacks",
    "contents",
    "campaigns",
    "open",
    "promises",
    "scopes",
    "empty-balances",
)
WRITES = ("create", "write")
READS = ("read", "list", "head", "stream")


def calls_of_a_walk(folder: Path, rows: int) -> Counter[str]:
    """Walk once, and return how often the store was called, by verb and by what is kept there."""
    with scene(folder, rows=rows) as made:
        assert made.work(trace=folder / "trace") == 0
        assert made.account().charged == STEPS * rows
    points = (folder / "trace").read_text().splitlines()
    return Counter(point.removeprefix("before ") for point in points if point.startswith("before "))


def per_run(calls: Counter[str], runs: int, *, verbs: tuple[str, ...], of_ledger: bool) -> float:
    """Return how many of these calls there were for each run, the check at the start left out."""
    count = 0
    for name, times in calls.items():
        verb, _, kind = name.partition(" ")
        kind = kind.partition(" ")[0]
        if verb in verbs and kind != "probe" and (kind in LEDGER) == of_ledger:
            count += times
    return count / runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        calls = calls_of_a_walk(Path(folder), rows)
    for part, of_ledger in (("ledger", True), ("archive", False)):
        written = per_run(calls, STEPS * rows, verbs=WRITES, of_ledger=of_ledger)
        read = per_run(calls, STEPS * rows, verbs=READS, of_ledger=of_ledger)
        print(f"{part}: {written:.2f} writes and {read:.2f} reads a run ({STEPS * rows} runs)")


if __name__ == "__main__":
    main()
