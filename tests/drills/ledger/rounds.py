"""Runs many rounds of a drill, some side by side, and tells what became of them."""

import os
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = int(os.environ.get("FLORIST_DRILLS_AT_ONCE", "4"))
"""A round is mostly waiting for a lease to end, in fast time."""

Figures = Mapping[str, int]


def run_rounds(rounds: Iterable[tuple[str, Callable[[], Figures]]], *, at_once: int = AT_ONCE) -> dict[str, int]:
    """Run every round, whatever becomes of the others; return their figures added up.

    Raises:
        AssertionError: some failed; names them, with what happened in each.
    """
    began = time.monotonic()
    failures: list[str] = []
    total: dict[str, int] = {"rounds": 0}

    def run(one: tuple[str, Callable[[], Figures]]) -> None:
        name, act = one
        try:
            figures = act()
        except Exception:  # noqa: BLE001 - told at the end, all together
            failures.append(f"--- {name}\n{traceback.format_exc()}")
            return
        total["rounds"] += 1
        for figure, count in figures.items():
            total[figure] = total.get(figure, 0) + count

    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(run, rounds))
    total["seconds"] = round(time.monotonic() - began)
    print(f"\n    {total}, {len(failures)} failed")  # noqa: T201
    assert not failures, "\n".join(failures)
    return total
