"""What Prefect prints to a person's terminal while a flow runs in their command."""

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefect.logging.handlers import PrefectConsoleHandler


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


@contextmanager
def in_a_terminal(on_broken_pipe: Callable[[], None]) -> Iterator[None]:
    """Leave tracebacks out of the terminal; Prefect's server gets them all the same.

    Args:
        on_broken_pipe: what to do when nobody reads the terminal's lines any more. Left alone, the console would
            end the process from within a log line, whatever is in flight.
    """
    handlers = [handler for handler in logging.root.handlers if isinstance(handler, PrefectConsoleHandler)]
    formatters = [handler.formatter for handler in handlers]
    for handler, formatter in zip(handlers, formatters, strict=True):
        handler.setFormatter(WithoutTraceback(formatter or logging.Formatter()))
        handler.console.on_broken_pipe = on_broken_pipe  # type: ignore[method-assign]
    try:
        yield
    finally:
        for handler, formatter in zip(handlers, formatters, strict=True):
            handler.setFormatter(formatter)
