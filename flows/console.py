"""What Prefect prints to a person's terminal while a flow runs in their command."""

import copy
import logging
from collections.abc import Iterator
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
def without_tracebacks() -> Iterator[None]:
    """Leave tracebacks out of the terminal; Prefect's server gets them all the same."""
    handlers = [handler for handler in logging.root.handlers if isinstance(handler, PrefectConsoleHandler)]
    formatters = [handler.formatter for handler in handlers]
    for handler, formatter in zip(handlers, formatters, strict=True):
        handler.setFormatter(WithoutTraceback(formatter or logging.Formatter()))
    try:
        yield
    finally:
        for handler, formatter in zip(handlers, formatters, strict=True):
            handler.setFormatter(formatter)
