"""What `florist doctor` finds on a Prefect server: each check seen well, and seen ill."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from florist.checkup.finding import Finding, Status
from florist.cli import main
from florist.errors import ConfigurationError
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR

PIPELINE = """
name: doctor-lines
params: {tone: {choices: [calm, loud], default: calm}}
campaign: {budget_usd: 5}
steps:
  lines: {technique: headline-writer, inputs: {brief: "${params.tone}"}}
"""
POOL = "doctor"
NIGHTLY = "0 3 * * *"


@dataclass(frozen=True)
class Night:
    """A pipeline that is deployed, with a schedule, to a pool of its own."""

    client: Any
    floor: Floor
    folder: Path
    deployed: Any

    @property
    def file(self) -> Path:
        return self.folder / "pipelines/doctor_lines.yaml"

    @property
    def pipelines(self) -> Path:
        return self.folder / "pipelines"

    def with_(self, **changes: Any) -> list[Any]:
        return [self.deployed.model_copy(update=changes)]


@pytest.fixture
async def night(floor: Floor, tmp_path: Path) -> AsyncIterator[Night]:
    from prefect import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
    from prefect.client.schemas.schedules import CronSchedule

    from florist.pipelines import load_pipeline
    from flows.pipelines import pipeline_flow

    night = Night(None, floor, tmp_path, None)
    night.pipelines.mkdir()
    night.file.write_text(PIPELINE)
    flow = pipeline_flow(load_pipeline(night.file))
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
        deployment_id = await client.create_deployment(
            await client.create_flow(flow),
            "doctor-lines",
            entrypoint="flows.pipelines.doctor_lines",
            tags=["florist"],
            work_pool_name=POOL,
            parameter_openapi_schema=flow.parameters.model_dump(),
            schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron=NIGHTLY), active=True)],
        )
        yield replace(night, client=client, deployed=await client.read_deployment(deployment_id))
        await client.delete_deployment(deployment_id)
        await client.delete_work_pool(POOL)
        for automation in await client.read_automations():
            await client.delete_automation(automation.id)


@pytest.fixture
async def saved(night: Night) -> AsyncIterator[Night]:
    """The blocks that forms name at first, as `make bootstrap` saves them."""
    from blocks import FloraWorkspace, LocalArchive

    sandbox = night.floor.sandbox
    workspace = FloraWorkspace(api_key=sandbox.api_key, base_url=sandbox.base_url, workspace_id="ws_florist0001")
    made = {"flora-workspace/default": workspace, "local-archive/default": LocalArchive(path=night.floor.folder)}
    for name, block in made.items():
        await block.save(name.rpartition("/")[2], overwrite=True)
    yield night
    for block in made.values():
        if block._block_document_id:
            await night.client.delete_block_document(block._block_document_id)


async def ill(finding: Any) -> Status:
    found: Finding = await finding
    assert found.mend
    return found.status


async def test_server_with_everything_in_place_is_told_line_by_line(saved: Night):
    from deployments.automations import apply_automations, expected_automations
    from deployments.checkup import prefect_findings

    await apply_automations(saved.client, expected_automations())
    await saved.client.send_worker_heartbeat(POOL, "here", heartbeat_interval_seconds=30)
    findings = await prefect_findings(saved.folder, f"file://{saved.floor.folder}")
    names = [
        "",
        " workers",
        " work pool",
        " workspace block",
        " archive block",
        " limits",
        " automations",
        " server settings",
    ]
    assert [each.name for each in findings] == [f"Prefect{name}" for name in (*names, " schedules", " forms")]
    by_name = {each.name: each for each in findings}
    for name in ("", " workspace block", " archive block", " limits", " automations"):
        assert by_name[f"Prefect{name}"].status is Status.OK, by_name[f"Prefect{name}"]
    assert saved.floor.sandbox.api_key not in str(findings)


def test_command_with_a_server_named_tells_of_it_too(floor: Floor, prefect_environment, monkeypatch, capsys):
    monkeypatch.setenv("PREFECT_API_URL", prefect_environment["PREFECT_API_URL"])
    for name, value in floor.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(floor.folder.parent)
    with pytest.raises(SystemExit):
        main(["doctor", "--json"])
    found = {each["name"]: each["status"] for each in json.loads(capsys.readouterr().out)}
    assert (found["FLORA key"], found["Prefect"]) == ("ok", "ok")


async def test_server_that_does_not_answer_fails_alone(prefect_environment: dict[str, str]):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from deployments.checkup import prefect_findings

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        findings = await prefect_findings(Path(), "file:///nowhere")
    assert [(each.status, "no Prefect server answers" in each.told) for each in findings] == [(Status.FAIL, True)]


async def test_server_of_a_version_that_was_not_tried_is_warned_of(prefect_environment, monkeypatch):
    from packaging.requirements import Requirement

    from deployments.checkup import server

    assert (await server.server_finding()).status is Status.OK
    monkeypatch.setattr(server, "tried_versions", lambda: Requirement("prefect>=4"))
    assert await ill(server.server_finding()) is Status.WARN


async def test_pool_that_no_worker_polls_fails(night: Night):
    from deployments.checkup.server import workers_finding

    assert await ill(workers_finding(night.client, [night.deployed])) is Status.FAIL
    await night.client.send_worker_heartbeat(POOL, "here", heartbeat_interval_seconds=30)
    assert (await workers_finding(night.client, [night.deployed])).status is Status.OK


async def test_pool_without_signs_of_life_is_warned_of(night: Night):
    from prefect.client.schemas.actions import WorkPoolCreate

    from deployments.checkup.server import pool_finding
    from deployments.prepare import WORK_POOL, make_work_pool

    await night.client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"), overwrite=True)
    assert await ill(pool_finding(night.client)) is Status.WARN
    await make_work_pool(night.client)
    assert (await pool_finding(night.client)).status is Status.OK


async def test_block_that_is_not_saved_fails_and_is_named(night: Night):
    from deployments.checkup.blocks import archive_block_finding, workspace_block_finding

    with pytest.raises(ConfigurationError, match="FLORA Workspace block is called 'default'"):
        await workspace_block_finding()
    with pytest.raises(ConfigurationError, match="S3 Archive or Local Archive block is called 'default'"):
        await archive_block_finding("file:///elsewhere")


async def test_archive_that_is_another_one_than_was_looked_at_is_warned_of(saved: Night):
    from deployments.checkup.blocks import archive_block_finding

    assert await ill(archive_block_finding("file:///elsewhere")) is Status.WARN


async def test_key_in_a_block_that_flora_refuses_fails_and_is_not_told(saved: Night):
    from blocks import FloraWorkspace
    from deployments.checkup.blocks import workspace_block_finding
    from florist.checkup.finding import found_by

    await FloraWorkspace(api_key="sk_live_wrong", base_url=saved.floor.sandbox.base_url).save(
        "default", overwrite=True
    )
    finding = await found_by("block", workspace_block_finding)
    assert (finding.status, "wrong" in finding.told) == (Status.FAIL, False)


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("flora-ws_florist0001", {"limit": 2}, Status.OK),
        ("flora-ws_florist0001", {"limit": 2, "active": False}, Status.WARN),
        ("flora-ws_florist0001", {"limit": 0}, Status.FAIL),
        ("flora-ws_of_nobody", {"limit": 2}, Status.WARN),
    ],
)
async def test_limit_that_does_not_serve_is_told(saved: Night, name: str, given: dict[str, Any], status: Status):
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

    from deployments.checkup.server import limits_finding

    await saved.client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, **given))
    try:
        assert (await limits_finding(saved.client)).status is status
    finally:
        await saved.client.delete_global_concurrency_limit_by_name(name)


async def test_automation_that_is_missing_or_switched_off_is_warned_of(night: Night):
    from deployments.automations import apply_automations, expected_automations
    from deployments.checkup.automations import automations_finding

    await apply_automations(night.client, expected_automations())
    (first, *_) = [each for each in await night.client.read_automations() if each.name == "Florist: process gone"]
    await night.client.pause_automation(first.id)
    assert "switched off: Florist: process gone" in (await automations_finding(night.client)).told
    await night.client.delete_automation(first.id)
    assert await ill(automations_finding(night.client)) is Status.WARN


async def test_settings_that_the_server_lacks_are_warned_of(night: Night, monkeypatch):
    from deployments.checkup import automations
    from deployments.told import Change, Thing

    async def lacks(client: Any) -> list[Thing]:
        return [Thing("server setting", "PREFECT_X", Change.MISSING, "set it")] if client is None else []

    monkeypatch.setattr(automations, "server_advice", lacks)
    assert (await automations.settings_finding(night.client)).status is Status.OK
    assert await ill(automations.settings_finding(None)) is Status.WARN  # type: ignore[arg-type]


async def test_schedule_of_what_spends_without_a_budget_fails(night: Night):
    from deployments.checkup.forms import budgets_finding

    assert (await budgets_finding([night.deployed], night.pipelines)).status is Status.OK
    night.file.write_text(PIPELINE.replace("campaign: {budget_usd: 5}\n", ""))
    assert await ill(budgets_finding([night.deployed], night.pipelines)) is Status.FAIL
    asleep = [night.deployed.schedules[0].model_copy(update={"active": False})]
    assert (await budgets_finding(night.with_(schedules=asleep), night.pipelines)).status is Status.OK


@pytest.mark.parametrize(
    ("entrypoint", "parameters", "status"),
    [
        ("flows.run_pipeline.run_pipeline", {"budget_usd": 5}, Status.OK),
        ("flows.run_pipeline.run_pipeline", {}, Status.FAIL),
        ("flows.run_technique.run_technique", {}, Status.FAIL),
        ("flows.sweep_archive.sweep_archive", {}, Status.OK),
    ],
)
async def test_schedule_of_a_flow_for_programs_needs_a_budget_in_its_parameters(
    night: Night, entrypoint: str, parameters: dict[str, Any], status: Status
):
    from deployments.checkup.forms import budgets_finding

    deployed = night.with_(entrypoint=entrypoint, parameters=parameters)
    assert (await budgets_finding(deployed, night.pipelines)).status is status


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PIPELINE.replace("[calm, loud]", "[calm, loud, wild]"), "doctor-lines (changed tone)"),
        ("steps: 3", "doctor-lines ("),
        (None, "doctor-lines (its file is gone)"),
    ],
)
async def test_form_that_is_not_its_file_s_any_more_fails(night: Night, text: str | None, told: str):
    from deployments.checkup.forms import forms_finding

    assert (await forms_finding([night.deployed], night.pipelines)).status is Status.OK
    if text is None:
        night.file.unlink()
    else:
        night.file.write_text(text)
    found = await forms_finding([night.deployed], night.pipelines)
    assert (found.status, told in found.told, found.mend) == (Status.FAIL, True, "florist deploy")
