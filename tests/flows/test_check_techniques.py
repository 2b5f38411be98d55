"""The flow that holds techniques against their lock before the night, and the bill as an artifact."""

import json
from pathlib import Path
from typing import Any

import pytest

from florist.campaigns.locking import pipelines_at, write_lock
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR

PIPELINE = "name: one\nsteps: {words: {technique: headline-writer, inputs: {brief: Spring}}}\n"


@pytest.fixture
async def pipelines(floor: Floor, tmp_path: Path) -> Path:
    """A folder of a pipeline and its lock."""
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "one.yaml").write_text(PIPELINE)
    async with floor.workspace.get_client() as client:
        await write_lock(pipelines_at([folder])[0], client)
    return folder


async def checked(floor: Floor, pipelines: Path) -> Any:
    from flows.check_techniques import check_techniques
    from tests.flows.conftest import FlowRun

    state = await check_techniques(str(pipelines), workspace=floor.workspace, return_state=True)
    return FlowRun(state, await state.aresult(raise_on_failure=False))


async def test_check_techniques_completes_while_nothing_moves_and_fails_with_what_moved(floor, pipelines):
    assert (await checked(floor, pipelines)).state.is_completed()
    file = pipelines / "techniques.lock.json"
    lock = json.loads(file.read_text())
    lock["techniques"]["headline-writer"] |= {"price_usd": "0.02", "hash": "0"}
    file.write_text(json.dumps(lock))
    flow_run = await checked(floor, pipelines)
    assert flow_run.state.is_failed()
    assert "the price moved from $0.02 to $0.01" in str(flow_run.outcome)
    assert "price moved" in (await flow_run.artifacts())["technique-drift"].data


async def test_bill_is_an_artifact_of_the_flow_run_that_asks_for_it(floor: Floor):
    from prefect import flow

    from flows.tasks import report_bill
    from tests.flows.conftest import FlowRun

    await floor.headlines(campaign="spring | <b>")

    @flow
    async def ask(scope: str) -> Any:
        return await report_bill(floor.archive.get_store(), scope=scope, name="headline-writer")

    state = await ask("spring | <b>", return_state=True)
    bill = await state.aresult()
    shown = (await FlowRun(state, bill).artifacts())["bill-headline-writer"].data
    assert bill.total.charged_usd == floor.books.total.charged_usd > 0
    assert r"spring \| \<b\>: 1 run, \$0.01 charged, as quoted" in shown
    assert r"| run | 1 | \$0.01 | \$0.01 |" in shown
    assert await ask("autumn") is None
