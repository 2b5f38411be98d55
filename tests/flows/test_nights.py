"""What `make bootstrap` makes on a server, made twice; and flow runs that crash again and again."""

from typing import Any

import pytest

from florist.errors import ConfigurationError
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR


async def applied(**windows: int) -> list[str]:
    """Have the automations as they are wanted; return what was told of each."""
    from prefect import get_client

    from deployments.automations import Windows, apply_automations, expected_automations

    async with get_client() as client:
        return [
            thing.change for thing in await apply_automations(client, expected_automations(Windows(**windows)))
        ]


async def automations() -> list[Any]:
    from prefect import get_client

    async with get_client() as client:
        return [each for each in await client.read_automations() if each.name.startswith("Florist: ")]


@pytest.fixture
async def no_automations(prefect_environment: dict[str, str]) -> Any:
    """Leave none behind: other tests' flow runs crash on purpose."""
    from prefect import get_client

    yield
    async with get_client() as client:
        for automation in await automations():
            await client.delete_automation(automation.id)


async def test_automations_applied_again_are_as_they_were(no_automations: None):
    assert await applied() == ["created"] * 4
    assert await applied() == ["as it was"] * 4
    assert len(await automations()) == 4


async def test_automation_with_another_window_is_changed_and_stays_switched_off(no_automations: None):
    from prefect import get_client

    await applied()
    never_started = next(each for each in await automations() if "never" in each.name)
    async with get_client() as client:
        await client.pause_automation(never_started.id)
    assert await applied(pending=45) == ["as it was", "changed", "as it was", "as it was"]
    changed = next(each for each in await automations() if each.id == never_started.id)
    assert (changed.trigger.within.total_seconds(), changed.enabled) == (45, False)


async def test_work_pool_without_heartbeats_gets_them_and_keeps_its_own_variables(prefect_environment: Any):
    from prefect import get_client
    from prefect.client.schemas.actions import WorkPoolUpdate

    from deployments.prepare import WORK_POOL, make_work_pool

    async with get_client() as client:
        await make_work_pool(client)
        template = (await client.read_work_pool(WORK_POOL)).base_job_template
        template["variables"]["properties"]["env"]["default"] = {"OURS": "1"}
        await client.update_work_pool(WORK_POOL, WorkPoolUpdate(base_job_template=template))
        told = [(await make_work_pool(client)).change for _ in range(2)]
        after = (await client.read_work_pool(WORK_POOL)).base_job_template
    assert told == ["changed", "as it was"]
    wanted = {"OURS": "1", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
    assert after["variables"]["properties"]["env"]["default"] == wanted


async def test_webhook_that_is_told_is_kept_as_a_secret_and_made_once(prefect_environment: Any):
    from prefect import get_client

    from deployments.notifying import notification_block

    address = "https://hooks.example.com/services/T0/B0/entitles"
    async with get_client() as client:
        told = [(await notification_block(client, address))[1][0].change for _ in range(2)]
        moved = (await notification_block(client, address + "2"))[1][0].change
        shown = await client.read_block_documents(include_secrets=False)
    assert (told, moved) == (["created", "as it was"], "changed")
    assert "entitles" not in repr([document.data for document in shown])


async def test_notification_block_that_is_not_saved_is_named(prefect_environment: Any):
    from prefect import get_client

    from deployments.notifying import notification_block

    async with get_client() as client:
        with pytest.raises(ConfigurationError, match="slack-webhook/nobody"):
            await notification_block(client, "slack-webhook/nobody")


async def test_workspace_that_a_block_names_gets_a_limit_once(floor: Floor):
    from prefect import get_client

    from blocks import FloraWorkspace
    from deployments.fleet import make_limits

    await FloraWorkspace(api_key=floor.sandbox.api_key, workspace_id="ws_night").save("night", overwrite=True)
    async with get_client() as client:
        told = [
            [thing.change for thing in await make_limits(client, starts) if thing.name == "flora-ws_night"]
            for starts in (None, None, 3)
        ]
    assert told == [["created"], ["as it was"], ["changed"]]


async def crashed_flow_run(flow: Any, parameters: dict[str, Any], *, times: int, message: str) -> Any:
    """Return a flow run that has crashed that often and was scheduled again with this message."""
    from prefect import get_client
    from prefect.states import Crashed, Running, Scheduled

    async with get_client() as client:
        flow_run = await client.create_flow_run(flow, parameters=parameters)
        for _ in range(times):
            for state in (Running(), Crashed()):
                await client.set_flow_run_state(flow_run.id, state, force=True)
        await client.set_flow_run_state(flow_run.id, Scheduled(message=message), force=True)
        return await client.read_flow_run(flow_run.id)


async def started(floor: Floor, *, times: int, message: str) -> Any:
    from prefect.flow_engine import run_flow_async

    from flows.run_technique import run_technique

    given = {
        "technique": "headline-writer",
        "inputs": {"brief": "Spring flowers"},
        "workspace": floor.workspace,
        "archive": floor.archive,
    }
    flow_run = await crashed_flow_run(run_technique, {}, times=times, message=message)
    return await run_flow_async(run_technique, flow_run=flow_run, parameters=given, return_type="state")


async def test_flow_run_that_has_crashed_five_times_is_not_begun_a_sixth_time_by_itself(floor: Floor):
    from flows.tasks import STARTED_AGAIN

    state = await started(floor, times=5, message=STARTED_AGAIN)
    assert (state.type.value, state.name) == ("FAILED", "GaveUp")
    assert "start 6" in state.message
    assert floor.books.total.requests == 0


@pytest.mark.parametrize(("times", "person"), [(4, False), (5, True)])
async def test_flow_run_that_a_person_retries_or_that_crashed_less_often_is_begun(
    floor: Floor, times: int, person: bool
):
    from flows.tasks import STARTED_AGAIN

    state = await started(floor, times=times, message="Retry from the UI" if person else STARTED_AGAIN)
    assert state.is_completed()


async def test_standing_tells_what_is_missing_or_different_and_changes_nothing(no_automations: None):
    from deployments.bootstrap import standing

    async def of_automations() -> list[str]:
        return [thing.change for thing in await standing() if thing.kind == "automation"]

    assert await of_automations() == ["missing"] * 4
    await applied(gone=120)
    assert await of_automations() == ["different", "as it was", "as it was", "as it was"]
    assert not [thing for thing in await standing() if thing.kind == "server setting"]


async def test_night_that_is_started_again_the_next_morning_is_still_of_its_date(prefect_environment: Any):
    from datetime import UTC, datetime, timedelta

    from prefect import get_client
    from prefect.states import Crashed, Running, Scheduled

    from flows.check_techniques import check_techniques

    evening = datetime.now(UTC) - timedelta(hours=9)
    async with get_client() as client:
        flow_run = await client.create_flow_run(check_techniques, state=Scheduled(scheduled_time=evening))
        for state in (Running(), Crashed(), Scheduled(name="AwaitingRetry"), Running()):
            await client.set_flow_run_state(flow_run.id, state, force=True)
        again = await client.read_flow_run(flow_run.id)
    assert (again.run_count, again.expected_start_time) == (2, evening)
