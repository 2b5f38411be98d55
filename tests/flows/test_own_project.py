"""A project that `florist init` has made, in a git repository: a worker clones it, and runs its rows."""

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from florist.cli import main
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR

AUTHOR = ("-c", "user.name=Tests", "-c", "user.email=tests@example.com")
NAME = "own-project"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project that names the repository that it is in."""
    folder = tmp_path / "shop"
    with pytest.raises(SystemExit):
        main(["init", str(folder), "--repository", f"file://{folder}"])
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        (*AUTHOR, "commit", "--quiet", "-m", "x"),
    ):
        subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)
    return folder


async def test_deployment_of_a_project_in_git_runs_its_rows_from_a_clone(
    repository: Path, floor: Floor, tmp_path: Path, monkeypatch
):
    from prefect import get_client
    from prefect.flow_engine import run_flow_async
    from prefect.flows import load_flow_from_flow_run

    from blocks import FloraWorkspace, LocalArchive
    from flows.pipelines import load_pipeline, pipeline_flow

    workspace = FloraWorkspace(api_key=floor.sandbox.api_key, base_url=floor.sandbox.base_url)
    await workspace.save(NAME, overwrite=True)
    await LocalArchive(path=floor.folder).save(NAME, overwrite=True)
    (tmp_path / "worker").mkdir()
    monkeypatch.chdir(tmp_path / "worker")
    project = YAML(typ="safe").load(repository / "prefect.yaml")
    (shown,) = [each for each in project["deployments"] if each["name"] == "launch"]
    form = pipeline_flow(load_pipeline(repository / "pipelines/launch.yaml"))
    given = {"rows": "rows.csv", "campaign": "first", "workspace": NAME, "archive": f"local-archive/{NAME}"}
    async with get_client() as client:
        deployment_id = await client.create_deployment(
            await client.create_flow(form),
            NAME,
            entrypoint=shown["entrypoint"],
            pull_steps=project["pull"],
            parameter_openapi_schema=form.parameters.model_dump(),
        )
        flow_run = await client.create_flow_run_from_deployment(deployment_id, parameters=given)
        flow = await load_flow_from_flow_run(flow_run)
        state = await run_flow_async(flow, flow_run, flow_run.parameters, return_type="state")
        await client.delete_deployment(deployment_id)
    assert (state.name, floor.books.total.charged) == ("Completed", 4), state.message
    assert Path.cwd() == tmp_path / "worker/shop-main"
