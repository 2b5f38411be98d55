"""A workspace's limit over all workers, kept by Prefect's server."""

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


async def taken_while_starting(floor: Floor, workspace: Any) -> list[int | None]:
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
