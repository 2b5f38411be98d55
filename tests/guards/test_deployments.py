"""prefect.yaml: every deployment loads, and its parameters fit."""

from datetime import datetime
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from prefect import Flow
from ruamel.yaml import YAML

import blocks
from deployments.prepare import BLOCK_NAME, WORK_POOL, block_types
from florist.pipelines import load_pipeline
from flows.pipelines import pipeline_files

ROOT = Path(__file__).resolve().parents[2]
FILE = YAML(typ="safe").load(ROOT / "prefect.yaml")
DEPLOYMENTS = FILE["deployments"]
FILES = pipeline_files(ROOT / "pipelines")
EXPORTED = {"FloraWorkspace", "LocalArchive", "S3Archive"}
SLUGS = {getattr(blocks, name).get_block_type_slug() for name in EXPORTED}


def flow_of(deployment: dict) -> Flow:
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(import_module(module), name)


def flow_in(path: Path) -> str | None:
    entrypoint = f"flows.{path.stem}.{path.stem}"
    found = getattr(import_module(f"flows.{path.stem}"), path.stem, None)
    return entrypoint if isinstance(found, Flow) else None


def named(deployment: dict) -> str:
    return f"{flow_of(deployment).name}/{deployment['name']}"


@pytest.fixture(params=DEPLOYMENTS, ids=named)
def deployment(request):
    return request.param


def test_entrypoint_is_dotted_and_a_flow(deployment):
    assert ":" not in deployment["entrypoint"]
    assert isinstance(flow_of(deployment), Flow)


def test_parameters_are_the_flow_s_own(deployment):
    assert deployment.get("parameters", {}).keys() <= flow_of(deployment).parameters.properties.keys()


def test_parameters_that_are_no_blocks_fit_the_flow(deployment):
    flow = flow_of(deployment)
    plain = {
        name: value for name, value in deployment.get("parameters", {}).items() if not isinstance(value, dict)
    }
    # What a person fills in at the form.
    filled = {name: {} if name == "inputs" else "x" for name in flow.parameters.required}
    flow.validate_parameters({**filled, **plain})


def test_blocks_are_named_that_prepare_makes(deployment):
    given = deployment.get("parameters", {})
    assert {given[name] for name in ("workspace", "archive") if name in given} <= {BLOCK_NAME}


def test_form_shows_no_choice_of_blocks_nor_a_tab_for_none(deployment):
    fields = flow_of(deployment).parameters.properties
    assert all(fields[name]["type"] == "string" for name in ("workspace", "archive") if name in fields)


def test_files_named_in_parameters_are_there(deployment):
    pipeline = deployment.get("parameters", {}).get("pipeline")
    assert pipeline is None or (ROOT / pipeline).is_file()


def test_work_pool_is_the_one_that_prepare_makes(deployment):
    assert deployment["work_pool"]["name"] == WORK_POOL


def test_names_are_unique():
    assert len({named(deployment) for deployment in DEPLOYMENTS}) == len(DEPLOYMENTS)


def test_every_flow_has_a_deployment():
    flows = {entrypoint for path in (ROOT / "flows").glob("*.py") if (entrypoint := flow_in(path))}
    forms = {f"flows.pipelines.{name}" for name in FILES}
    assert flows | forms == {deployment["entrypoint"] for deployment in DEPLOYMENTS}


def test_deployments_have_different_names_whatever_their_flows_are_called():
    assert len({deployment["name"] for deployment in DEPLOYMENTS}) == len(DEPLOYMENTS)


def test_schedules_are_crons_in_a_named_zone():
    schedules = [schedule for deployment in DEPLOYMENTS for schedule in deployment.get("schedules", ())]
    assert schedules
    for schedule in schedules:
        assert next(CronSim(schedule["cron"], datetime.now(ZoneInfo(schedule["timezone"]))))


def test_what_spends_is_scheduled_by_its_own_file_alone_and_waits_to_be_switched_on():
    spending = [each for each in DEPLOYMENTS if each["entrypoint"].startswith(("flows.run_", "flows.pipelines."))]
    assert [each["name"] for each in spending if each.get("schedules")] == []
    own = [pipeline.schedule for file in FILES.values() if (pipeline := load_pipeline(file)).schedule]
    assert own
    assert not any(schedule.active for schedule in own)


def test_blocks_exported_are_the_types_that_prepare_registers():
    exported = {name for name in blocks.__all__ if isinstance(getattr(blocks, name), type)}
    assert exported == {block_type.__name__ for block_type in block_types()} == EXPORTED
