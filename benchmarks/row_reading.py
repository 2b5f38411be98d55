"""Reads many rows of each format, and prints how long it takes and how far this process's memory grew.

    python -m benchmarks.row_reading [--rows 1000000]

Rows are read as `product-launch` takes them, with keys in no order; nothing is planned. Of a workbook, which is
ten times as slow, there is a tenth. Memory is the peak of the resident set above what it was after a first small
file; Linux only. Ends with exit code 1 above 30 MB for texts, or 60 MB for the workbook.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from openpyxl import Workbook

from benchmarks.archive_memory import forget_peak, peak_bytes
from florist.pipelines import load_pipeline
from florist.pipelines.findings import Findings
from florist.pipelines.row_files import RowReading, row_file

PIPELINE = load_pipeline(Path(__file__).parents[1] / "pipelines/product-launch.yaml")
HEADER = ("SKU", "Product", "Packshot", "Scene", "Tone", "Direction", "Volume", "Price EUR")
LIMIT_BYTES = {"csv": 30_000_000, "jsonl": 30_000_000, "xlsx": 60_000_000}


def products(count: int) -> Iterator[tuple[str, ...]]:
    for number in range(count):
        key = f"V-{number * 7919 % count:07}"
        scene = "on a linen cloth, late afternoon"
        yield key, "Amber Amaryllis", f"images/{key}.png", scene, "luxury", "right", "50 ml", "23.90"


def write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerow(HEADER)
        csv.writer(file).writerows(products(count))


def write_jsonl(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.writelines(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in products(count))


def write_xlsx(path: Path, count: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Products")
    sheet.append(HEADER)
    for row in products(count):
        sheet.append(row)
    book.save(path)


WRITERS: dict[str, Callable[[Path, int], None]] = {"csv": write_csv, "jsonl": write_jsonl, "xlsx": write_xlsx}


def read(path: Path) -> int:
    found = Findings()
    count = sum(1 for _ in RowReading(row_file(path), PIPELINE, {}).rows(found))
    found.raise_any()
    return count


def measure(kind: str, folder: Path, count: int) -> int:
    small, big = folder / f"small.{kind}", folder / f"big.{kind}"
    WRITERS[kind](small, 10)
    WRITERS[kind](big, count)
    read(small)
    forget_peak()
    start_bytes, started = peak_bytes(), time.process_time()
    assert read(big) == count
    seconds, growth = time.process_time() - started, peak_bytes() - start_bytes
    size = big.stat().st_size / 1e6
    print(f"| {kind} | {count:,} | {size:.0f} MB | {growth / 1e6:.0f} MB | {seconds:.1f} s |")
    return growth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print("| format | rows | file | peak memory above start | processor time |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        missed = [
            kind
            for kind, limit in LIMIT_BYTES.items()
            if measure(kind, Path(place), rows // 10 if kind == "xlsx" else rows) > limit
        ]
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
