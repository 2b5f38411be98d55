"""Kills a worker at a point, starts others until the campaign is done, and holds the books against the promise."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.drills.ledger.rounds import Figures
from tests.drills.ledger.scene import scene

A_LOST_ANSWER = "after post#4"
"""Where a first worker is killed, so that the one after it has something to resolve."""


def points_passed(folder: Path, *, after_death: bool = False, **options: Any) -> Counter[str]:
    """Return the points that a worker passes, and how often: on the happy path, or with a request to resolve."""
    trace = folder / "trace"
    with scene(folder, **options) as made:
        if after_death:
            assert made.work(kill_at=A_LOST_ANSWER) == -9
        assert made.work(trace=trace) == 0
        made.account().assert_sound()
    return Counter(trace.read_text().splitlines())


def occurrences(passed: Counter[str], *, skip: Iterable[str] = ()) -> list[str]:
    """Return every point at its first passing and at the middle one."""
    found = []
    for name, times in passed.items():
        if name not in set(skip):
            found += [f"{name}#{which}" for which in sorted({1, (times + 1) // 2})]
    return found


def killed_at(folder: Path, *points: str, **options: Any) -> Figures:
    """Kill one worker after another at these points, then have the campaign finished."""
    with scene(folder, **options) as made:
        for point in points:
            code = made.work(kill_at=point)
            assert code in {-9, 0}, (point, made.last_report())
        workers = made.finish()
        account = made.account()
        account.assert_sound()
        return {
            "kills": made.kills["kills"],
            "workers": workers + len(points),
            "needed": account.needed,
            "charged": account.charged,
            "kept": account.kept,
        }
