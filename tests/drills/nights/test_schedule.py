"""A schedule fires by the clock, and again within its date, as in the hour that clocks repeat: paid once."""

from decimal import Decimal

import pytest

from tests.drills.nights.conftest import Night, Watch, show
from tests.drills.office import until, worker

pytestmark = pytest.mark.drill

MINUTELY = """
name: minutely
campaign: {budget_usd: 1}
schedule: {cron: "* * * * *", timezone: UTC, active: true, campaign: "nightly-{date}"}
steps:
  lines: {technique: headline-writer, inputs: {brief: Spring flowers}}
"""


def test_schedule_fires_by_the_clock_and_costs_nothing_more_that_date(night: Night):
    (night.folder / "nights/pipelines").mkdir(parents=True)
    (night.folder / "nights/pipelines/minutely.yaml").write_text(MINUTELY)
    before = night.sandbox("books")["total"]
    watch = Watch()
    night.python("florist.cli", "deploy", str(night.folder / "nights"))
    deployment = night.ask("GET", "/deployments/name/minutely/minutely")
    ended = {
        "deployments": {"id": {"any_": [deployment["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
    }
    with worker(night):
        flow_runs = until(lambda: night.ask("POST", "/flow_runs/filter", **ended), lambda found: len(found) >= 2)
    night.ask("DELETE", f"/deployments/{deployment['id']}")
    after = night.sandbox("books")["total"]
    paid = {name: Decimal(after[name]) - Decimal(before[name]) for name in ("runs", "charged_usd")}
    late = [flow_run["estimated_start_time_delta"] for flow_run in flow_runs]
    show(two_ended_after=watch.seconds(), names=[flow_run["name"] for flow_run in flow_runs], seconds_late=late)
    show(**paid)
    dates = {flow_run["expected_start_time"][:10] for flow_run in flow_runs}
    assert [flow_run["state_type"] for flow_run in flow_runs[:2]] == ["COMPLETED", "COMPLETED"]
    assert all(flow_run["auto_scheduled"] for flow_run in flow_runs)
    assert paid["runs"] == len(dates)
