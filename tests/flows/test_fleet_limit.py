"""A workspace's limit over all workers, kept by Prefect's server."""

import asyncio
from typing import Any

import pytest

from florist.api.models import InputValue
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR

BRIEF = [InputValue(id="brief", type="text", value="Spring flowers")]


async def slots_taken(name: str) -> int | None:
    """Return how many slots of a limit are held; None if it does not exist."""
    from prefect import get_client
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        try:
            return (await client.read_global_concurrency_limit_by_name(name)).active_slots
        except ObjectNotFound:
            return None


async def taken_while_starting(floor: Floor, workspace: Any, *, look_for_slots: bool = True) -> list[int | None]:
    """Start two runs; return how many slots were held right before each POST left."""
    from flows.tasks import shared_studio

    taken = []

    async def look() -> None:
        taken.append(await slots_taken(f"flora-{workspace.workspace_id}"))

    async with shared_studio(workspace, floor.archive) as studio:
        for _ in range(2):
            await studio.client.techniques.runs.create("headline-writer", inputs=BRIEF, before_send=look)
    return taken


@pytest.fixture
def limited(floor: Floor) -> Any:
    """The floor's workspace under an id that no other test has limited."""
    port = floor.sandbox.base_url.split(":")[2].split("/")[0]
    return floor.workspace.model_copy(update={"workspace_id": f"ws_limited{port}"})


async def test_start_holds_a_slot_of_its_workspaces_limit_and_gives_it_back(floor: Floor, limited: Any):
    from prefect import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

    name = f"flora-{limited.workspace_id}"
    async with get_client() as client:
        await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=1))
    assert await taken_while_starting(floor, limited) == [1, 1]
    assert await slots_taken(name) == 0


async def test_start_without_a_limit_goes_ahead(floor: Floor, limited: Any):
    assert await taken_while_starting(floor, limited) == [None, None]
    assert floor.books.total.runs == 2


async def test_many_starts_of_a_process_are_not_kept_waiting_and_never_exceed_the_limit(
    floor: Floor, limited: Any
):
    from prefect import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

    from flows.tasks.limits import FleetLimit

    limit, now, most = FleetLimit(limited.workspace_id), 0, 0

    async def start() -> None:
        nonlocal now, most
        async with limit.slot():
            now, most = now + 1, max(most, now + 1)
            await asyncio.sleep(0.01)
            now -= 1

    name = f"flora-{limited.workspace_id}"
    async with get_client() as client:
        await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=2))
    # Prefect's own waiters would take about half a minute.
    await asyncio.wait_for(asyncio.gather(*(start() for _ in range(60))), 10)
    assert most == 2
    assert await slots_taken(name) == 0


async def test_start_that_is_cancelled_when_a_slot_is_handed_to_it_gives_it_back(floor: Floor, limited: Any):
    from prefect import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

    from flows.tasks.limits import FleetLimit

    limit, name = FleetLimit(limited.workspace_id), f"flora-{limited.workspace_id}"

    async def start() -> None:
        async with limit.slot():
            raise AssertionError("it was cancelled before it began")

    async with get_client() as client:
        await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=1))
    async with limit.slot():
        waiting = asyncio.create_task(start())
        await asyncio.sleep(0.05)
    waiting.cancel()  # in the moment between the slot's coming and its taking
    await asyncio.gather(waiting, return_exceptions=True)
    assert await slots_taken(name) == 0


@pytest.mark.parametrize("is_known", [True, False])
async def test_start_goes_ahead_where_the_server_cannot_be_asked(limited: Any, is_known: bool):
    from prefect import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    from flows.tasks.limits import FleetLimit

    limit = FleetLimit(limited.workspace_id)
    if is_known:
        async with get_client() as client:
            wanted = GlobalConcurrencyLimitCreate(name=f"flora-{limited.workspace_id}", limit=1)
            await client.create_global_concurrency_limit(wanted)
        async with limit.slot():
            pass
    nowhere = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(nowhere):
        async with limit.slot():
            pass
