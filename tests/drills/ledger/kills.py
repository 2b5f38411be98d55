"""Kills a worker at a point, starts others until the campaign is done, and holds the books against the promise."""

from collections import Counter
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


SAME_BOUNDARY = ("create entries", "create claims", "list entries", "read entries", "read claims", "probe")
"""Calls of the store that the ledger makes between two points of its own, with nothing else in between."""


def occurrences(passed: Counter[str], *, at_first: bool) -> list[str]:
    """Return every point at the middle one of its passings; `at_first`: at the first one too."""
    found = []
    for name, times in passed.items():
        if not any(same in name for same in SAME_BOUNDARY):
            which = {(times + 1) // 2} | ({1} if at_first else set())
            found += [f"{name}#{number}" for number in sorted(which)]
    return found


def killed_at(folder: Path, *points: str, may_need_review: bool = False, **options: Any) -> Figures:
    """Kill one worker after another at these points, then have the campaign finished.

    Args:
        may_need_review: two of the killed may have had requests of one technique under way.
    """
    with scene(folder, **options) as made:
        for point in points:
            code = made.work(kill_at=point)
            assert code in {-9, 0}, (point, made.last_report())
        workers = made.finish()
        account = made.account()
        account.assert_sound(may_need_review=may_need_review)
        return {
            "kills": made.kills["kills"],
            "workers": workers + len(points),
            "needed": account.needed,
            "charged": account.charged,
            "kept": account.kept,
            "reviews": len(account.reviews),
        }
