"""What Prefect prints to a person's terminal while a flow runs in their command."""

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console
from rich.file_proxy import FileProxy

_CRASHES = ("Crash detected!", "Finished in state Crashed", "Running hook", "Hook ")
"""What Prefect says of a person's own Ctrl-C, once for each run in flight; Florist says how to go on."""


class WithoutTraceback(logging.Formatter):
    """Formats a record as another formatter does, less the traceback."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        """Format a copy: the handlers that send to Prefect's server get the same record, and keep it all."""
        bare = copy.copy(record)
        bare.exc_info = bare.exc_text = bare.stack_info = None
        return self._formatter.format(bare)


def is_for_people(record: logging.LogRecord) -> bool:
    """Whether a line of Prefect's is one that a person at a terminal needs."""
    return not str(record.msg).startswith(_CRASHES)


@contextmanager
def in_a_terminal(on_broken_pipe: Callable[[], None], *, through: Console | None = None) -> Iterator[None]:
    """Leave tracebacks, and what is said of crashes, out of the terminal; Prefect's server gets them all the same.

    Args:
        on_broken_pipe: what to do when nobody reads the terminal's lines any more. Left alone, the console would
            end the process from within a log line, whatever is in flight.
        through: the console of a live view, above which the lines are to be printed.
    """
    with ExitStack() as undone:
        for handler in logging.root.handlers:
            if isinstance(handler, PrefectConsoleHandler):
                formatter = handler.formatter
                undone.callback(handler.setFormatter, formatter)
                handler.setFormatter(WithoutTraceback(formatter or logging.Formatter()))
                undone.callback(handler.removeFilter, is_for_people)
                handler.addFilter(is_for_people)
                handler.console.on_broken_pipe = on_broken_pipe  # type: ignore[method-assign]
                if through is not None:
                    file = handler.console.file
                    undone.callback(setattr, handler.console, "file", file)
                    handler.console.file = FileProxy(through, file)  # type: ignore[assignment]
        yield
