"""The flow that keeps what was paid for and is not kept, with a server of Prefect's."""

import asyncio
from typing import Any

from flora_sandbox.faults import Fault
from florist.api import FloraAPI
from florist.api.models import InputValue
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR


async def made_by_hand(floor: Floor) -> str:
    """Start a run past Florist, and wait for its end."""
    async with FloraAPI(**floor_keys(floor)) as flora:
        prompt = InputValue(id="prompt", type="text", value="a red barn")
        run = await flora.techniques.runs.create("key-visual", inputs=[prompt])
        while not (await flora.runs.retrieve(run.run_id)).is_finished:
            await asyncio.sleep(0.05)
    return run.run_id


def floor_keys(floor: Floor) -> dict[str, Any]:
    return {"api_key": floor.sandbox.api_key, "base_url": floor.sandbox.base_url}


async def swept(floor: Floor) -> Any:
    from flows.sweep_archive import sweep_archive

    return await floor._run(sweep_archive)


async def test_sweep_archive_keeps_a_run_made_by_hand_and_shows_it(floor: Floor):
    run_id = await made_by_hand(floor)
    flow_run = await swept(floor)
    assert flow_run.state.is_completed()
    assert flow_run.outcome.kept_now == 1
    artifacts = await flow_run.artifacts()
    assert "paid but not kept: 0 runs, $0.00" in artifacts["sweep-summary"].data
    assert run_id in artifacts["sweep-runs"].data
    assert (await swept(floor)).outcome.kept_now == 0


async def test_sweep_archive_that_cannot_keep_a_run_fails_and_shows_why(floor: Floor):
    run_id = await made_by_hand(floor)
    floor.sandbox.set_faults(Fault(name="media_truncated"), Fault(name="media_wrong_type"))
    flow_run = await swept(floor)
    assert flow_run.state.is_failed()
    assert run_id in str(flow_run.outcome)
    assert "paid but not kept: 1 run, $0.08" in (await flow_run.artifacts())["sweep-summary"].data
