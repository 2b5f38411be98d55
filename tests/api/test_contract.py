"""What Florist relies on, asked of the sandbox and, where FLORA_API_KEY is set, of FLORA itself.

Free calls only. A slot that nobody can enter makes sure of it: whatever costs fails before it is sent.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from florist.api import FloraAPI
from florist.api.errors import APIStatusError, AuthenticationError, NotFoundError
from florist.settings import FLORA_BASE_URL

LIVE_KEY = os.environ.get("FLORA_API_KEY", "")


def closed_slot() -> AbstractAsyncContextManager[None]:
    raise AssertionError("the contract suite was about to spend")


@pytest.fixture(params=["sandbox", *(["live"] if LIVE_KEY else [])])
def address(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "live":
        return {"api_key": LIVE_KEY, "base_url": os.environ.get("FLORA_BASE_URL", FLORA_BASE_URL)}
    sandbox = request.getfixturevalue("sandbox")
    sandbox.add_history(60)
    return {"api_key": sandbox.api_key, "base_url": sandbox.base_url}


@pytest.fixture
async def flora(address: dict[str, str]) -> AsyncIterator[FloraAPI]:
    async with FloraAPI(**address, slot=closed_slot) as client:
        yield client


async def first_page(pager):
    return await pager.page()


async def test_techniques_have_ids_names_prices_and_typed_inputs(flora):
    page = await first_page(flora.techniques.list(limit=5))
    assert 0 < len(page.items) <= 5
    for technique in page.items:
        assert technique.technique_id.startswith("tech_")
        assert technique.name
        assert technique.run_cost_usd is not None
        assert technique.outputs


async def test_technique_by_id_is_the_one_listed(flora):
    listed = (await first_page(flora.techniques.list(limit=1))).items[0]
    technique = await flora.techniques.retrieve(listed.technique_id)
    assert (technique.technique_id, technique.inputs) == (listed.technique_id, listed.inputs)


async def test_technique_catalogue_pages_through_without_repetition(flora):
    names = [technique.technique_id async for technique in flora.techniques.list(limit=5)]
    assert len(set(names)) == len(names)


async def test_unknown_technique_is_not_found_and_names_its_request(flora):
    with pytest.raises(NotFoundError) as caught:
        await flora.techniques.retrieve("florist-no-such-technique")
    assert caught.value.code == "not_found"
    assert (caught.value.request_id or "").startswith("req_")


async def test_unknown_run_is_not_found(flora):
    with pytest.raises(NotFoundError):
        await flora.runs.retrieve("run_00000000000000000000")


async def test_wrong_key_is_unauthorized(address):
    async with FloraAPI(**{**address, "api_key": "sk_wrong_0"}) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.workspaces.list()
    assert caught.value.code in {"unauthorized", "invalid_api_key"}


async def test_history_pages_hold_runs_newest_first(flora):
    page = await first_page(flora.techniques.runs.list(limit=20))
    begun = [run.created_at for run in page.items if run.created_at]
    assert begun == sorted(begun, reverse=True)
    assert all(run.run_id.startswith("run_") and run.technique for run in page.items)


async def test_history_second_page_follows_the_first(flora):
    pager = flora.techniques.runs.list(limit=20)
    first = await pager.page()
    if first.next_cursor is None:
        pytest.skip("this key has too few runs")
    second = await pager.page(first.next_cursor)
    assert {run.run_id for run in first.items}.isdisjoint(run.run_id for run in second.items)


async def test_history_filtered_by_status_holds_no_other(flora):
    page = await first_page(flora.techniques.runs.list(status="completed", limit=20))
    assert {run.status for run in page.items} <= {"completed"}


async def test_run_on_a_page_can_be_retrieved(flora):
    page = await first_page(flora.techniques.runs.list(limit=1))
    if not page.items:
        pytest.skip("this key has no runs")
    listed = page.items[0]
    run = await flora.techniques.runs.retrieve(listed.run_id, technique=listed.technique.technique_id)
    assert run.run_id == listed.run_id


async def test_models_have_ids_and_types(flora):
    models = await flora.models.list(type="image")
    assert models
    assert {model.type for model in models} == {"image"}


async def test_workspaces_and_their_projects_can_be_listed(flora):
    workspace = (await flora.workspaces.list())[0]
    assert workspace.workspace_id.startswith("ws_")
    page = await first_page(flora.projects.list(workspace_id=workspace.workspace_id))
    assert {project.workspace_id for project in page.items} <= {workspace.workspace_id}


async def test_actions_have_slugs_and_prices(flora):
    actions = await flora.actions.list()
    assert {"stitch-videos", "resize-image-browser"} <= {action.action_id for action in actions}
    assert all(action.run_cost_usd is not None for action in actions)


async def test_action_by_slug_has_its_slots(flora):
    action = await flora.actions.retrieve("stitch-videos")
    assert [slot.type for slot in action.inputs] == ["video"]


async def test_generations_and_assets_can_be_listed(flora):
    assert (await first_page(flora.generations.list(limit=5))).items is not None
    assert (await first_page(flora.assets.list(limit=5))).items is not None


async def test_server_time_is_told(flora):
    await flora.workspaces.list()
    assert abs((flora.server_now() - flora._transport.server_clock.local_now()).total_seconds()) < 300


async def test_unknown_asset_is_not_found(flora):
    with pytest.raises(APIStatusError) as caught:
        await flora.assets.retrieve("asset_00000000000000000000")
    assert caught.value.status in {400, 404}
