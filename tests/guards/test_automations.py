"""Automations as code: what must hold of them whatever their windows are."""

from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from prefect import Flow
from prefect.events.schemas.automations import Posture
from ruamel.yaml import YAML

from deployments.automations import TAG, Windows, expected_automations
from deployments.deploying import _entry
from deployments.prepare import HEARTBEAT_SECONDS
from deployments.server_advice import _lacking, _Settings
from deployments.server_processes import PREFECT_SERVER_SETTINGS
from florist.pipelines import load_pipeline
from flows.pipelines import pipeline_files
from flows.tasks import STARTS_AT_MOST

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]
AUTOMATIONS = expected_automations()
SILENCES = [each.trigger for each in AUTOMATIONS if each.trigger.posture == Posture.Proactive]
FORM = next(iter(pipeline_files(ROOT / "pipelines").values()))


def test_names_are_unique_and_say_whose_they_are():
    names = [each.name for each in expected_automations(notify_by=uuid4())]
    assert len(set(names)) == len(names) == len(AUTOMATIONS) + 3
    assert all(name.startswith("Florist: ") for name in names)


@pytest.mark.parametrize("trigger", SILENCES)
def test_a_state_with_a_name_of_its_own_is_a_sign_of_life(trigger):
    assert trigger.expect == {"prefect.flow-run.*"}
    assert trigger.for_each == {"prefect.resource.id"}


def test_windows_outlast_heartbeats():
    windows = Windows()
    assert windows.heartbeat == HEARTBEAT_SECONDS
    assert windows.gone >= 3 * windows.heartbeat
    assert windows.again > windows.heartbeat
    assert windows.crashes > STARTS_AT_MOST


def test_a_worker_s_death_is_mended_within_five_minutes():
    windows = Windows()
    assert windows.gone + windows.again + 60 < 300


def test_every_deployment_has_the_tag_that_automations_look_for():
    assert all(TAG in deployment["tags"] for deployment in [*DEPLOYMENTS, _entry("any", load_pipeline(FORM))])


def test_what_is_limited_queues_behind_a_dead_run():
    limited = [deployment["concurrency_limit"] for deployment in DEPLOYMENTS if "concurrency_limit" in deployment]
    assert [limit["collision_strategy"] for limit in limited] == ["ENQUEUE", "ENQUEUE"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["name"])
def test_no_flow_is_retried_by_prefect_beside_a_failed_that_it_returns(deployment):
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(import_module(module), name)
    assert isinstance(flow, Flow)
    assert flow.retries == 0


def test_server_that_forgets_is_advised_and_one_of_ours_is_not():
    forgets = {"concurrency": {"lease_storage": "prefect.server.concurrency.lease_storage.memory"}}
    advice = list(
        _lacking(
            _Settings.model_validate({"server": {**forgets, "events": {"expired_bucket_buffer": "PT60S"}}}).server
        )
    )
    assert {thing.name for thing in advice} <= PREFECT_SERVER_SETTINGS.keys()
    assert len(advice) == 2
