"""`florist run` with a Prefect server, in a process of its own, as a person meets it."""

import asyncio

from tests.flows.command import HEADLINES, Command, command
from tests.flows.conftest import ON_A_FLOOR, Floor, FlowRun

__all__ = ["command"]

pytestmark = ON_A_FLOOR


async def newest_flow_run(name: str) -> FlowRun:
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    async with get_client() as client:
        (found,) = await client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(like_=name)))
        (*_, state) = await client.read_flow_run_states(found.id)
    state.state_details.flow_run_id = found.id
    return FlowRun(state, None)


def test_command_whose_flow_fails_shows_no_traceback_and_the_server_keeps_it(floor: Floor, command: Command):
    floor.sandbox.set_balance(0)
    name = f"poor-{floor.sandbox.base_url}"
    process = command(floor, "run", floor.pipeline(HEADLINES), "--archive", floor.folder, "--campaign", name)
    out, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in out + said
    assert f"--campaign {name}" in said
    last = said.strip().splitlines()[-1]
    assert last.startswith("florist: ")
    assert "credits" in last
    assert floor.books.total.runs == 0
    log = asyncio.run(asyncio.wait_for(whole_log(name), 60))
    assert any("Traceback" in line.message for line in log)


async def whole_log(name: str):
    return await (await newest_flow_run(name)).log()
