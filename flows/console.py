"""Runs a flow in a person's command, and keeps what Prefect prints to their terminal meanwhile short."""

import asyncio
import copy
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from prefect.exceptions import CancelledRun, TerminationSignal
from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console
from rich.file_proxy import FileProxy

from flows.prefect_server import check_server

ResultT = TypeVar("ResultT")

_CRASHES = (
    "Crash detected!",
    "Finished in state Crashed",
    "Finished in state Cancelled",
    "Running hook",
    "Hook ",
)
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


def run_in_a_terminal(
    flow: Callable[[], Awaitable[ResultT]], on_broken_pipe: Callable[[], None], *, through: Console | None = None
) -> ResultT:
    """Run a flow on Prefect's server, and return what it returns; see `in_a_terminal` for the arguments.

    Raises:
        ConfigurationError: there is no server, or it does not answer.
        SystemExit: SIGTERM came; the exit code is the one that a shell tells of it.
        KeyboardInterrupt: Ctrl-C came.
    """

    async def checked_run() -> ResultT:
        await check_server()
        return await flow()

    with in_a_terminal(on_broken_pipe, through=through):
        try:
            return asyncio.run(checked_run())
        except (TerminationSignal, BaseExceptionGroup) as ended:
            # Prefect's word for SIGTERM, raised wherever the process was: in a group where that was a step.
            if isinstance(ended, BaseExceptionGroup) and ended.subgroup(TerminationSignal) is None:
                raise
            raise SystemExit(128 + signal.SIGTERM) from ended
        except CancelledRun as stopped:  # a flow run that has said what goes on, and hands Ctrl-C on as this
            raise KeyboardInterrupt from stopped


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
