"""Run every benchmark of this folder, one after another: python -m benchmarks [NAME ...]."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHMARKS = {"__main__", "media_server"}


def main(names: list[str]) -> int:
    missed = 0
    for name in names or sorted({"speed", *(file.stem for file in HERE.glob("*.py"))} - NOT_BENCHMARKS):
        print(f"\n== {name}")
        sys.argv = [name]
        try:
            runpy.run_module(f"benchmarks.{name}", run_name="__main__")
        except SystemExit as end:  # how a benchmark tells whether it kept its limit
            missed += bool(end.code)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
