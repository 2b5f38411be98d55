"""A project that `florist init` has made: deployed as its README says, and run from git as a worker does.

The suite runs the clone alone (tests/flows/test_own_project.py).
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import ON_A_FLOOR, Floor, floor, prefect_environment, workspace_type
from tests.flows.test_own_project import repository

__all__ = ["floor", "prefect_environment", "repository", "workspace_type"]

pytestmark = [*ON_A_FLOOR, pytest.mark.drill]

BLOCKS = {"workspace": "own-project", "archive": "local-archive/own-project"}


@pytest.fixture
async def deployed(repository: Path, floor: Floor) -> AsyncIterator[list[Any]]:
    from prefect import get_client

    from blocks import FloraWorkspace, LocalArchive
    from deployments.deploying import deploy
    from deployments.prepare import make_work_pool

    await FloraWorkspace(api_key=floor.sandbox.api_key, base_url=floor.sandbox.base_url).save(
        "own-project", overwrite=True
    )
    await FloraWorkspace(api_key=floor.sandbox.api_key, base_url=floor.sandbox.base_url).save(
        "default", overwrite=True
    )
    await LocalArchive(path=floor.folder).save("own-project", overwrite=True)
    async with get_client() as client:
        await make_work_pool(client)
        yield await asyncio.to_thread(deploy, repository)
        for name in ("launch/launch", "sweep-archive/nightly-sweep"):
            deployment = await client.read_deployment_by_name(name)
            await client.delete_deployment(deployment.id)
        document = await client.read_block_document_by_name("default", "flora-workspace")
        await client.delete_block_document(document.id)


async def test_project_is_deployed_and_a_worker_runs_its_rows_from_a_clone(
    deployed: list[Any], floor: Floor, tmp_path: Path, monkeypatch
):
    from prefect import get_client
    from prefect.flow_engine import run_flow_async
    from prefect.flows import load_flow_from_flow_run

    assert [(each.name, each.form_changes) for each in deployed] == [("launch", None), ("nightly-sweep", None)]
    worker = tmp_path / "worker"
    worker.mkdir()
    monkeypatch.chdir(worker)
    async with get_client() as client:
        deployment = await client.read_deployment_by_name("launch/launch")
        given = {"rows": "rows.csv", "campaign": "first", "ask_before_usd": 1, **BLOCKS}
        flow_run = await client.create_flow_run_from_deployment(deployment.id, parameters=given)
    flow = await load_flow_from_flow_run(flow_run)
    state = await run_flow_async(flow, flow_run, flow_run.parameters, return_type="state")
    assert (state.name, floor.books.total.charged) == ("Completed", 4), state.message
    assert Path.cwd() == worker / "shop-main"
