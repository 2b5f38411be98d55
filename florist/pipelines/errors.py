"""What a pipeline can end in.

::

    FloristError
    └── PipelineError
        ├── InvalidPipelineError        `problems` lists everything to mend; nothing was spent
        │   ├── PipelineFileError           a file that cannot be read as a pipeline
        │   └── PlanError                   a pipeline that cannot be run with these params and techniques
        ├── TemplateError               a value with a malformed reference
        ├── RowsChangedError            a row file that is another one than it was when it was priced
        ├── UnusableValueError          a path, URL or text that cannot be an input
        ├── UpstreamOutputError         an earlier run did not bring the output that a step takes from it
        ├── HaltedError                 a step that was not begun, for what stopped another stops all
        └── StepsFailedError            a walk that ended with failed steps; the others are done
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from florist.errors import FloristError
from florist.pipelines.problems import Problem
from florist.wording import shortened


class PipelineError(FloristError):
    """A pipeline that cannot be read, planned, or walked to its end."""


MAX_LINES = 20
"""Problems that a message spells out; a file of rows may have thousands. The others are counted by kind."""


class InvalidPipelineError(PipelineError):
    """A pipeline with problems.

    Attributes:
        problems: what there is to mend, in the order of the file.
        more: how many more there are of each kind, where rows have too many to be kept.
    """

    def __init__(self, problems: Sequence[Problem], *, more: Mapping[str, int] | None = None) -> None:
        self.problems = tuple(problems)
        self.more = dict(more or {})
        unshown = Counter(problem.kind or problem.message for problem in self.problems[MAX_LINES:])
        unshown.update(self.more)
        lines = [str(problem) for problem in self.problems[:MAX_LINES]]
        if unshown:
            lines.append(f"… and {unshown.total()} more:")
            lines += [f"  {count} × {shortened(kind, 120)}" for kind, count in unshown.most_common(MAX_LINES)]
        if len(unshown) > MAX_LINES:
            lines.append(f"  and {len(unshown) - MAX_LINES} other kinds")
        count = len(self.problems) + sum(self.more.values())
        super().__init__(lines[0] if len(lines) == 1 else "\n  ".join([f"{count} problems:", *lines]))


class PipelineFileError(InvalidPipelineError):
    """A file that cannot be read as a pipeline."""


class PlanError(InvalidPipelineError):
    """A pipeline that cannot be run with these params and techniques. Nothing was started."""


class TemplateError(PipelineError):
    """A value with malformed references; `messages` has one for each."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("; ".join(self.messages))


class RowsChangedError(PipelineError):
    """A row file is another one than it was when it was priced. Price it again."""


class UnusableValueError(PipelineError):
    """A path, URL or text that cannot be an input; the message says why.

    Attributes:
        kind: the same without the value itself, as many of its like are counted.
    """

    def __init__(self, message: str, *, kind: str = "") -> None:
        self.kind = kind or message
        super().__init__(message)


class UpstreamOutputError(PipelineError):
    """An earlier run did not bring the output that a step takes from it."""


class HaltedError(PipelineError):
    """A step was not begun, since what stopped another one stops all.

    Attributes:
        code: of what stopped it, such as `insufficient_credits`.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class StepFailure(NamedTuple):
    """A failed step in plain words."""

    step: str
    error: str
    message: str


class StepsFailedError(PipelineError):
    """A walk ended with failed steps. All that did not need them is done and kept.

    Attributes:
        failures: the failed steps, in the order of the plan.
        skipped: the steps that never started, each with the failed steps it waited for.
    """

    def __init__(self, failures: Sequence[StepFailure], skipped: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        self.failures = tuple(failures)
        self.skipped = tuple((step, tuple(because)) for step, because in skipped)
        lines = [f"{failure.step} failed: {failure.message or failure.error}" for failure in self.failures]
        lines += [f"{step} was not started: it needs {', '.join(because)}" for step, because in self.skipped]
        super().__init__(lines[0] if len(lines) == 1 else "\n  ".join(["Not every step is done:", *lines]))
