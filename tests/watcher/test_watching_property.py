"""Whatever FLORA does, and whenever the runs end: every wait terminates with the right outcome."""

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from florist.api.errors import APIConnectionError, InternalServerError, RateLimitError
from florist.api.models import Run, RunStatus

FAULTS = [
    None,
    APIConnectionError("dropped"),
    InternalServerError("down", status=503),
    RateLimitError("slow down", status=429, retry_after=7),
    RateLimitError("slow down", status=429),
]

runs = st.lists(
    st.tuples(
        st.floats(0, 200),
        st.sampled_from(["completed", "failed", "empty", "hidden", "unknown"]),
        st.sampled_from([None, 0.0, 30.0, 500.0]),
        st.sampled_from([None, 10.0]),
        st.booleans(),
    ),
    min_size=1,
    max_size=70,
)


OUTCOMES = {"failed": "failed", "empty": "RunWithoutOutputsError", "unknown": "NotFoundError"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=runs,
    faults=st.lists(st.sampled_from(FAULTS), max_size=60),
    arrivals=st.integers(0, 40),
    outputs_in_history=st.booleans(),
)
def test_every_wait_ends_with_the_outcome_of_its_run(
    watching: Callable[..., Any],
    in_jumping_time: Callable[..., Any],
    runs: list[tuple[float, str, float | None, float | None, bool]],
    faults: list[Exception | None],
    arrivals: int,
    outputs_in_history: bool,
) -> None:
    async def wait(at: Any, name: str, kind: str, expected: float | None, cancel_after: float | None) -> Any:
        waits = [asyncio.ensure_future(at.wait(name, expected_seconds=expected)) for _ in range(2)]
        if cancel_after is not None:
            await asyncio.sleep(cancel_after)
            waits[0].cancel()
        (outcome,) = await asyncio.gather(waits[1], return_exceptions=True)
        await asyncio.gather(waits[0], return_exceptions=True)
        return outcome.status.value if isinstance(outcome, Run) else type(outcome).__name__

    async def act() -> tuple[Any, list[str]]:
        at = watching(arrivals=arrivals, outputs_in_history=outputs_in_history)
        at.flora.faults = iter(faults)
        waits = []
        for n, (ends, kind, expected, cancel_after, told) in enumerate(runs):
            name = f"run-{n}"
            if kind != "unknown":
                outcome = RunStatus.FAILED if kind == "failed" else RunStatus.COMPLETED
                at.flora.add(name, ends=ends, outcome=outcome, outputs=0 if kind in ("empty", "failed") else 1)
            if kind == "hidden":
                at.flora.hidden.add(name)
            if told:
                asyncio.get_running_loop().call_later(ends, at.watcher.tell_ended, name)
            waits.append(wait(at, name, kind, expected, cancel_after))
        return at, await asyncio.gather(*waits)

    at, outcomes = in_jumping_time(act())
    assert outcomes == [OUTCOMES.get(kind, "completed") for _, kind, *_ in runs]
    assert at.watcher._waited == {}
