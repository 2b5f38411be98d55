"""A flow run that a person stops says what goes on at FLORA, and is no crash."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from florist.ledger import How
from tests.flows.conftest import ON_A_FLOOR, Floor, FlowRun

pytestmark = ON_A_FLOOR

WORDS = "stopped by you; 1 run, $0.01, goes on at FLORA; run it again to collect it"


async def interrupted_once_started(floor: Floor) -> FlowRun:
    async def interrupt() -> None:
        while floor.books.total.runs == 0:
            await asyncio.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    soon = asyncio.create_task(interrupt())
    ended = await floor.headlines(campaign="spring")
    await soon
    return ended


@pytest.fixture
def _python_s_own_handler() -> Iterator[None]:
    """Have Ctrl-C handled as at a terminal: a worker of the suite's has a handler that ends the suite."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_python_s_own_handler")
def test_ctrl_c_ends_as_cancelled_with_what_goes_on_and_the_same_again_collects_it(still_floor: Floor):
    stopped = asyncio.run(interrupted_once_started(still_floor))
    (task_run,) = asyncio.run(stopped.task_runs(1)).values()
    log = [line.message for line in asyncio.run(stopped.log())]
    assert (stopped.state.type.value, stopped.state.message) == ("CANCELLED", WORDS)
    assert task_run.state.type.value == "CANCELLED"
    assert WORDS in log
    assert not any("crash" in line.lower() for line in log)
    assert "stopped" in asyncio.run(stopped.artifacts())["report-spring"].description
    still_floor.sandbox.clock.advance(60)
    again = asyncio.run(still_floor.headlines(campaign="spring"))
    assert (again.outcome.how, still_floor.books.total.runs) == (How.RESUMED, 1)


def test_termination_in_the_middle_of_a_row_is_one_for_prefect_too():
    from prefect.exceptions import TerminationSignal

    from flows.tasks.stops import raise_termination

    inner = BaseExceptionGroup("a row", [TerminationSignal(signal.SIGTERM)])
    with pytest.raises(TerminationSignal):
        raise_termination(BaseExceptionGroup("all rows", [inner]))
    raise_termination(ExceptionGroup("all rows", [ValueError()]))
