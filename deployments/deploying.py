"""Deploy what prefect.yaml names, and a form for each pipeline; tell what has changed in each form.

It is `prefect deploy --all` with a file that is prefect.yaml and the pipelines not named there. Safe to repeat.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, get_current_settings
from ruamel.yaml import YAML

from deployments.prepare import WORK_POOL
from florist.errors import ConfigurationError
from florist.pipelines import Pipeline, load_pipeline
from flows.pipelines import FOLDER, pipeline_files
from flows.prefect_server import check_server
from flows.tasks import form_changes

FORMS = "flows.pipelines."
SCHEDULE = "pipeline"
"""The slug of the schedule that a pipeline's own file names; others are left as they are."""
_PAGE = 200


@dataclass(frozen=True)
class Deployed:
    """A deployment, and what has changed in its form.

    Attributes:
        schedule: when it runs by itself, and whether that is switched on; empty for never.
        form_changes: None if it is new.
    """

    name: str
    schedule: str
    form_changes: tuple[str, ...] | None


def deploy(folder: Path) -> list[Deployed]:
    """Deploy everything in a folder that has a prefect.yaml, a folder of pipelines, or both.

    Raises:
        PipelineFileError: a pipeline cannot be read; nothing was deployed.
        ConfigurationError: two pipelines have one name, no server answers, or Prefect refuses.
    """
    pipelines = _pipelines(folder)
    before = asyncio.run(_deployed())
    entries = list(_entries(folder, pipelines, before))
    _deploy_all(folder, entries)
    return asyncio.run(_result(pipelines, entries, before))


def _pipelines(folder: Path) -> dict[str, Pipeline]:
    found: dict[str, Pipeline] = {}
    for name, file in pipeline_files(folder / FOLDER).items():
        pipeline = load_pipeline(file)
        twin = next((other for other in found.values() if other.name == pipeline.name), None)
        if twin is not None:
            raise ConfigurationError(
                f"{twin.file} and {file} are both called {pipeline.name}: give one of them another name"
            )
        found[FORMS + name] = pipeline
    return found


async def _deployed() -> dict[tuple[str, str], DeploymentResponse]:
    """Return what is deployed by entrypoint and name."""
    if PREFECT_API_URL.value() is None:
        raise ConfigurationError(
            "PREFECT_API_URL is not set: start a server with `prefect server start`, then "
            "export PREFECT_API_URL=http://127.0.0.1:4200/api"
        )
    await check_server()
    async with get_client() as client:
        found = [each async for page in _pages(client) for each in page]
    return {(each.entrypoint or "", each.name): each for each in found}


async def _pages(client: PrefectClient) -> Any:
    offset = 0
    while page := await client.read_deployments(limit=_PAGE, offset=offset):
        yield page
        offset += len(page)


def _entries(
    folder: Path, pipelines: Mapping[str, Pipeline], before: Mapping[tuple[str, str], DeploymentResponse]
) -> Iterator[dict[str, Any]]:
    file = folder / "prefect.yaml"
    named = YAML(typ="safe").load(file).get("deployments") or [] if file.is_file() else []
    listed = {entry.get("entrypoint") for entry in named}
    own = [_entry(entrypoint, pipelines[entrypoint]) for entrypoint in pipelines if entrypoint not in listed]
    for entry in (*named, *own):
        pipeline = pipelines.get(entry["entrypoint"])
        if pipeline is None or pipeline.schedule is None or "schedules" in entry:
            yield entry
        else:
            known = before.get((entry["entrypoint"], entry["name"]))
            yield {**entry, "schedules": [_schedule(pipeline, known)]}


def _entry(entrypoint: str, pipeline: Pipeline) -> dict[str, Any]:
    work_pool = {"name": WORK_POOL, "work_queue_name": "default"}
    return {
        "name": pipeline.name,
        "entrypoint": entrypoint,
        "tags": ["florist", "pipeline"],
        "work_pool": work_pool,
    }


def _schedule(pipeline: Pipeline, known: DeploymentResponse | None) -> dict[str, Any]:
    """Return the schedule of a pipeline; whether it is on is left to the file, else to who has switched it."""
    wanted = pipeline.schedule
    assert wanted is not None  # noqa: S101
    switched = next((each.active for each in known.schedules if each.slug == SCHEDULE), False) if known else False
    return {
        "slug": SCHEDULE,
        "cron": wanted.cron,
        "timezone": wanted.timezone,
        "active": switched if wanted.active is None else wanted.active,
    }


def _deploy_all(folder: Path, entries: list[dict[str, Any]]) -> None:
    file = folder / "prefect.yaml"
    whole = YAML(typ="safe").load(file) if file.is_file() else {"name": folder.name}
    with tempfile.TemporaryDirectory() as elsewhere:
        path = Path(elsewhere) / "prefect.yaml"
        path.write_text(json.dumps({**whole, "deployments": entries}))  # JSON is YAML
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(path)]
        # The server of this process's profile, however it was named.
        environment = {**os.environ, **get_current_settings().to_environment_variables(exclude_unset=True)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stdout.count("successfully created") < len(entries):
        raise ConfigurationError(
            f"prefect deploy --all has failed:\n{(done.stdout + done.stderr).strip()[-3000:]}"
        )


async def _result(
    pipelines: Mapping[str, Pipeline],
    entries: list[dict[str, Any]],
    before: Mapping[tuple[str, str], DeploymentResponse],
) -> list[Deployed]:
    after = await _deployed()
    made = []
    async with get_client() as client:
        for entry in entries:
            key = (entry["entrypoint"], entry["name"])
            now, was = after[key], before.get(key)
            pipeline = pipelines.get(entry["entrypoint"])
            if pipeline is not None and pipeline.schedule is None:
                # Prefect keeps a schedule that is not named any more.
                for schedule in now.schedules:
                    if schedule.slug == SCHEDULE:
                        await client.delete_deployment_schedule(now.id, schedule.id)
                now = await client.read_deployment(now.id)
            changes = (
                form_changes(was.parameter_openapi_schema or {}, now.parameter_openapi_schema or {})
                if was
                else None
            )
            made.append(Deployed(now.name, _runs_by_itself(now), changes))
    return made


def _runs_by_itself(deployment: DeploymentResponse) -> str:
    return ", ".join(
        f"{each.schedule.cron} {each.schedule.timezone} ({'on' if each.active else 'off'})"
        for each in deployment.schedules
        if isinstance(each.schedule, CronSchedule)
    )
