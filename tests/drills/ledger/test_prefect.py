"""Through Prefect, with workers: retried, killed, deployed twice at once, cancelled: nothing is paid twice."""

import asyncio
from collections.abc import Iterator

import pytest

from deployments.server_processes import prefect_server, sandbox_server
from tests.drills.office import (
    REPLAYS,
    Office,
    furnish,
    killed_with_its_flow_runs,
    learn_that_flora_replays,
    until,
    worker,
)

pytestmark = pytest.mark.drill

RUNS = 9
PRICE_USD = 0.04
"""Of the three steps of one row."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    furnish(folder)
    with (
        sandbox_server(folder / "sandbox", options=REPLAYS) as flora_url,
        prefect_server(folder / "prefect") as prefect,
    ):
        made = Office(prefect, flora_url, folder)
        made.python("deployments.prepare", "--archive", str(made.archive))
        made.python("prefect", "--no-prompt", "deploy", "--all")
        asyncio.run(learn_that_flora_replays(made))
        yield made


def test_failed_flow_run_retried_from_the_ui_pays_only_for_what_is_missing(office):
    office.sandbox("balances", balance_usd=1.5 * PRICE_USD)
    with worker(office):
        flow_run_id = office.run("retried")
        assert office.ended(flow_run_id) == "FAILED"
        paid = sum(office.charged("retried").values())
        office.sandbox("balances", balance_usd=100)
        office.retry(flow_run_id)
        assert office.ended(flow_run_id, after=2) == "COMPLETED"
    assert 0 < paid < RUNS
    office.assert_paid_once("retried")


def test_worker_and_flow_run_killed_in_a_post_are_taken_over_by_another_worker(office):
    office.sandbox("faults", faults=[{"name": "slow_answer", "route": "POST /techniques/*/runs", "seconds": 2}])
    before = office.requests()
    with worker(office) as pid:
        flow_run_id = office.run("killed")
        until(office.requests, lambda requests: requests >= before + 4)
        assert killed_with_its_flow_runs(pid) > 1
    office.sandbox("faults", faults=[])
    assert any(entry.is_unresolved for entry in office.entries("killed"))
    office.retry(flow_run_id)
    with worker(office):
        assert office.ended(flow_run_id, after=2) == "COMPLETED"
    office.assert_paid_once("killed")


def test_campaign_deployed_twice_at_once_is_paid_once(office):
    with worker(office):
        flow_runs = [office.run("twice"), office.run("twice")]
        assert [office.ended(flow_run_id) for flow_run_id in flow_runs] == ["COMPLETED", "COMPLETED"]
    office.assert_paid_once("twice")


def test_flow_run_cancelled_in_the_ui_is_collected_by_the_next_of_its_campaign(office):
    before = office.requests()
    with worker(office):
        flow_run_id = office.run("cancelled")
        until(office.requests, lambda requests: requests >= before + 3)
        office.set_state(flow_run_id, "CANCELLING", "Cancelling")
        assert office.ended(flow_run_id) == "CANCELLED"
        assert office.ended(office.run("cancelled")) == "COMPLETED"
    office.assert_paid_once("cancelled")
