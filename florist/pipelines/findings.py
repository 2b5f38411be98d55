"""Problems as they are found in a stream: the first ones are kept, the others counted by kind."""

from collections import Counter

from florist.pipelines.errors import InvalidPipelineError, PlanError
from florist.pipelines.problems import Problem

KEPT = 1000
"""Problems that are kept whole: a million rows may each have one."""


class Findings:
    """Takes problems one by one; `raise_any` tells them all at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._more = Counter[str]()

    def __len__(self) -> int:
        return len(self._problems) + self._more.total()

    def add(self, *problems: Problem) -> None:
        """Take note of problems, in the order in which they are to be told."""
        for problem in problems:
            if len(self._problems) < KEPT:
                self._problems.append(problem)
            else:
                self._more[problem.kind or problem.message] += 1

    def raise_any(
        self, error_type: type[InvalidPipelineError] = PlanError, *, before: tuple[Problem, ...] = ()
    ) -> None:
        """Do nothing if nothing was found.

        Args:
            before: problems to tell before all others.

        Raises:
            InvalidPipelineError: something was.
        """
        if before or self._problems:
            raise error_type([*before, *self._problems], more=self._more)
