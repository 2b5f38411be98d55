"""Flow runs that somebody stops, by Ctrl-C or by Cancel in Prefect's UI: they say what goes on at FLORA.

A worker that is told to cancel sets the flow run's last state itself, with words of Prefect's own; ours are then
in the log and in the report. A Ctrl-C would leave it as Crashed: it is Cancelled, with our words.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from anyio import CancelScope
from httpx import HTTPError
from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException, TerminationSignal
from prefect.logging import get_run_logger
from prefect.states import Cancelled

from florist.errors import FloristError
from florist.ledger import Ledger, in_flight
from florist.stores.store import Store
from flows.tasks.reports import Report

STOPPED = "stopped by you"


async def stop_words(store: Store, scope: str, *, began: str = STOPPED) -> str:
    """Return what a flow run that was cut short says: what goes on without it, and how to come by that.

    Args:
        scope: the campaign or, lacking that, the id of the flow run.
    """
    entries = await Ledger(store).entries()
    ours = [entry for entry in entries if scope in (entry.work.campaign, entry.work.flow_run_id)]
    open_runs = in_flight(ours)
    if not open_runs.run_ids:
        return f"{began}; nothing goes on at FLORA; run it again to go on where it ended"
    return f"{began}; {open_runs}; run it again to collect {'them' if len(open_runs.run_ids) > 1 else 'it'}"


@contextmanager
def noticing_interrupts() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether Ctrl-C came while the block lasted; it does what it did before."""
    came = False
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def notice(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        handler(number, frame)

    signal.signal(signal.SIGINT, notice)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, handler)


async def tell_stopped(store: Store, scope: str, report: Report, *, is_interrupted: bool) -> None:
    """Say of this flow run that it was stopped, if somebody has: in its report and, on Ctrl-C, in log and state.

    Failing to is no reason to go on: Prefect then calls it Crashed.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    with CancelScope(shield=True):
        try:
            async with get_client() as client:
                now = (await client.read_flow_run(context.flow_run.id)).state
                if not is_interrupted and not (now and (now.is_cancelling() or now.is_cancelled())):
                    return  # ended by its machine: Crashed, and what is crashed may be made to go on by itself
                words = await stop_words(store, scope)
                await report.stopped(words)
                if not is_interrupted:
                    return
                get_run_logger().warning("%s", words)
                state: State[Any] = Cancelled(message=words)
                await client.set_flow_run_state(context.flow_run.id, state, force=True)
                # What has ended already, Prefect does not call crashed any more.
                context.flow_run.state = state
        except (FloristError, HTTPError, PrefectException) as error:
            get_run_logger().debug("it could not be told what goes on: %s", type(error).__name__)


def raise_termination(error: BaseException) -> None:
    """Raise Prefect's word for SIGTERM where it came in the middle of a row, and so in a group of errors.

    Prefect takes a group for a crash, and Cancel in its UI would end as one: to be made to go on by itself.
    """
    if isinstance(error, BaseExceptionGroup) and error.subgroup(TerminationSignal) is not None:
        raise TerminationSignal(signal.SIGTERM) from error
