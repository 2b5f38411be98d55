"""What a watcher learns, of the runs it looks at, about how long those of each technique take."""

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime

from florist.api.durations import Durations
from florist.api.models import Run, RunStatus
from florist.api.watched_run import WatchedRun
from florist.api.watching_schedule import RUNS_PER_PAGE

SCOUTS = RUNS_PER_PAGE
"""Runs of a technique by which to learn how long it takes: the first, which one page shows."""


class Learning:
    """The durations of all techniques, and whoever is to be looked at by them.

    Args:
        server_now: the time by FLORA's clock.
    """

    def __init__(self, *, server_now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._server_now = server_now
        self._monotonic = monotonic
        self._durations: defaultdict[str, Durations] = defaultdict(Durations)
        self._learnt_of: set[str] = set()

    def durations_of(self, technique: str | None) -> Durations:
        """Return what is known of a technique; it grows."""
        return Durations() if technique is None else self._durations[technique]

    def needs_scout(self, technique: str | None, waited: Collection[WatchedRun]) -> bool:
        """Whether so few runs of an unknown technique are waited for that one more is needed to learn of it."""
        if technique is None or self._durations[technique]:
            return True
        return sum(run.technique == technique for run in waited) < SCOUTS

    def learn_of(self, run: Run) -> None:
        """Learn from anybody's run, as far as too little is known of its technique."""
        if run.technique is not None and not self._durations[run.technique.technique_id].is_full:
            self._note(run.technique.technique_id, run, took=None)

    def take_in(self, looked_at: Collection[WatchedRun], waited: Collection[WatchedRun], *, since: float) -> None:
        """Learn from a tick, and have the runs that go on looked at by what it has told of others like them.

        Args:
            looked_at: those that the tick was to look at; it began at `since`.
            waited: all that are waited for now.
        """
        for run in looked_at:
            self._learn(run)
        told_of = self._learnt_of | {run.technique for run in looked_at if run.last_asked_at >= since}
        self._learnt_of = set()
        runs = [run for run in waited if run.technique in told_of and run.is_expected]
        for technique in told_of - {None}:
            ages = [run.seen_running_at for run in runs if run.technique == technique]
            self.durations_of(technique).note_running(age for age in ages if age is not None)
        for run in runs:
            run.replan()

    def _learn(self, watched: WatchedRun) -> None:
        if watched.last is None:
            return
        if watched.last.created_at and not watched.is_age_known:
            age = (self._server_now() - watched.last.created_at).total_seconds()
            watched.note_age(max(0.0, age), self._monotonic())
        if watched.technique is not None:
            waited = watched.last_asked_at - watched.began_at if watched.is_age_known else None
            self._note(watched.technique, watched.last, took=waited)

    def _note(self, technique: str, run: Run, *, took: float | None) -> None:
        """Note how long a completed run took: as FLORA says or, where it does not, as it seemed to take."""
        if run.status is not RunStatus.COMPLETED:
            return
        if run.created_at and run.completed_at:
            took = (run.completed_at - run.created_at).total_seconds()
        if took is not None and self._durations[technique].add(run.run_id, max(0.0, took)):
            self._learnt_of.add(technique)
