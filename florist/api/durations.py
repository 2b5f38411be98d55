"""How long runs of a technique take: a Kaplan-Meier estimate from runs that ended and those still running.

Of runs started together the fastest end first. Going by these alone, all others would seem to be about to end;
that they are known to run still is what puts it right.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

MOST_EXAMPLES = 512
"""Beyond, each new one takes the place of any other: those of the latest minutes alone would be the slow ones of a
campaign that is about to end."""

FROM_THE_START = -math.inf
DOUBT = 0.3
"""Runs at risk that nobody has seen: by few examples nothing is certain."""


class Durations:
    """The seconds that runs of one technique took, each run counted once."""

    def __init__(self) -> None:
        self._ordered: list[float] = []
        self._run_ids: list[str] = []  # in the same order
        self._known: set[str] = set()
        self._running: list[float] = []
        self._hazards: Sequence[float] | None = None
        self._rng = random.Random(0)  # noqa: S311 - which example to forget is no secret

    def __len__(self) -> int:
        return len(self._ordered)

    @property
    def is_full(self) -> bool:
        """Whether one more will take another's place."""
        return len(self._ordered) >= MOST_EXAMPLES

    @property
    def shortest(self) -> float:
        """The shortest; 0 if none is known."""
        return self._ordered[0] if self._ordered else 0.0

    @property
    def longest(self) -> float:
        """The longest; 0 if none is known."""
        return self._ordered[-1] if self._ordered else 0.0

    def add(self, run_id: str, seconds: float) -> bool:
        """Take in how long a run took, and return whether that was not known before."""
        if run_id in self._known:
            return False
        if self.is_full:
            forgotten = self._rng.randrange(len(self._ordered))
            self._known.remove(self._run_ids.pop(forgotten))
            del self._ordered[forgotten]
        place = bisect_right(self._ordered, seconds)
        self._ordered.insert(place, seconds)
        self._run_ids.insert(place, run_id)
        self._known.add(run_id)
        self._hazards = None
        return True

    def note_running(self, ages: Iterable[float]) -> None:
        """Take in at which ages the runs in flight were last seen to be running, instead of those noted before."""
        self._running = sorted(ages)
        self._hazards = None

    def quantile(self, share: float, *, after: float = FROM_THE_START) -> float | None:
        """Return within how many seconds such a share of runs end of those that take longer than `after`.

        None if nobody knows: too few ended later than that.
        """
        hazards = self._cumulative_hazards()
        start = bisect_right(self._ordered, after)
        end = bisect_left(hazards, hazards[start] - math.log1p(-share))
        return self._ordered[end - 1] if start < end < len(hazards) else None

    def chance(self, by: float, *, after: float = FROM_THE_START) -> float:
        """Return how probable it is that a run which takes longer than `after` takes at most `by` seconds."""
        hazards = self._cumulative_hazards()
        start, end = bisect_right(self._ordered, after), bisect_right(self._ordered, by)
        return -math.expm1(hazards[start] - hazards[end]) if end > start else 0.0

    def _cumulative_hazards(self) -> Sequence[float]:
        """Return the hazard summed up before the first example, after it, after the second and so on."""
        if self._hazards is None:
            hazards = [0.0]
            for number, seconds in enumerate(self._ordered):
                survivors = len(self._running) - bisect_left(self._running, seconds)
                at_risk = len(self._ordered) - number + survivors + DOUBT
                hazards.append(hazards[-1] - math.log1p(-1 / at_risk))
            self._hazards = hazards
        return self._hazards
