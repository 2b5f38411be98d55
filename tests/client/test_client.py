"""What a program of one's own does with the client, against a sandbox on a socket."""

import asyncio
import copy
import pickle
from decimal import Decimal

import pytest

from flora_sandbox.faults import Fault
from florist import (
    AmbiguousRequestError,
    ConfigurationError,
    FloraClient,
    InputValue,
    NotFoundError,
    Run,
    RunFailedError,
    RunStatus,
    RunTimeoutError,
)
from florist.api.errors import RunWithoutOutputsError
from tests.client.conftest import PACKSHOT

BRIEF = {"brief": "Spring flowers"}


async def test_run_uploads_starts_waits_and_returns_outputs(flora, sandbox):
    before = sandbox.books().total
    run = await flora.run("styled-product-still", {"product_image": PACKSHOT, "prompt": "On marble"})
    assert (run.status, run.charged_usd) == (RunStatus.COMPLETED, Decimal("0.12"))
    assert [output.output_id for output in run.outputs] == ["still"]
    assert sandbox.books().total.runs == before.runs + 1


async def test_run_by_input_values_sends_them(flora):
    run = await flora.run("headline-writer", [InputValue(id="brief", type="text", value="Spring flowers")])
    assert run.outputs[0].text


async def test_client_without_a_key_names_the_variable(monkeypatch):
    monkeypatch.delenv("FLORA_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="FLORA_API_KEY is not set"):
        FloraClient()


async def test_client_given_key_and_workspace_prefers_them_to_the_environment(monkeypatch):
    monkeypatch.setenv("FLORA_WORKSPACE_ID", "ws_environment")
    async with FloraClient(api_key="sk_test_mine", workspace_id="ws_mine") as client:
        assert client.workspace_id == "ws_mine"
        assert repr(client).startswith("FloraClient(")


async def test_upload_without_a_workspace_goes_to_the_key_s_first(flora):
    asset = await flora.assets.upload(PACKSHOT)
    assert asset.workspace_id in (None, (await flora.workspaces.list())[0].workspace_id)
    assert flora.workspace_id is None


async def test_progress_is_told_from_the_start_to_the_end(flora, sandbox):
    sandbox.set_faults(Fault(name="not_found_at_first", seconds=0.1))
    seen: list[Run] = []
    run = await flora.run("headline-writer", BRIEF, on_progress=seen.append)
    assert (seen[0].status, seen[-1].status) == (RunStatus.PENDING, RunStatus.COMPLETED)
    assert {one.run_id for one in seen} == {run.run_id}


async def test_run_unfinished_at_its_timeout_names_it_and_is_collected_later(flora, sandbox):
    sandbox.set_faults("stuck_pending")
    with pytest.raises(RunTimeoutError) as caught:
        await flora.run("headline-writer", BRIEF, timeout=4)
    assert f'flora.wait("{caught.value.run.run_id}")' in str(caught.value)
    with pytest.raises(RunTimeoutError):
        await flora.wait(caught.value.run.run_id, timeout=0, on_progress=lambda run: None)


async def test_wait_for_a_run_begun_elsewhere_returns_it(flora):
    begun = await flora.techniques.runs.create(
        "headline-writer", inputs=[InputValue(id="brief", type="text", value="Spring flowers")]
    )
    run = await flora.wait(begun.run_id)
    assert run.outputs[0].text


async def test_wait_for_a_generation_returns_it(flora):
    [project, *_] = [project async for project in flora.projects.list(workspace_id=await flora.workspaces.home())]
    begun = await flora.generations.create(
        type="text",
        prompt="Spring flowers",
        project_id=project.project_id,
        workspace_id=await flora.workspaces.home(),
    )
    assert (await flora.wait(begun.run_id)).outputs[0].text


async def test_wait_for_a_run_that_is_not_there_says_so_at_once(flora, sandbox):
    before = sum(sandbox.books().requests_by_route.values())
    with pytest.raises(NotFoundError):
        await flora.wait("run_nope")
    assert sum(sandbox.books().requests_by_route.values()) == before + 1


async def test_failed_run_raises_with_what_flora_says_and_the_mend(flora):
    with pytest.raises(RunFailedError, match=r"safety_blocked\); change its inputs") as caught:
        await flora.run("celebrity-lookalike", {"prompt": "a star"})
    assert caught.value.run.status is RunStatus.FAILED


async def test_run_without_outputs_is_never_handed_out_as_done(flora, sandbox):
    sandbox.set_faults("no_outputs")
    begun = await flora.techniques.runs.create(
        "headline-writer", inputs=[InputValue(id="brief", type="text", value="Spring flowers")]
    )
    await asyncio.sleep(0.05)
    with pytest.raises(RunWithoutOutputsError, match="charged"):
        await flora.wait(begun.run_id)


async def test_cancelled_run_says_how_to_collect_it(flora, sandbox):
    sandbox.set_faults("stuck_pending")
    begun = await flora.start("headline-writer", BRIEF)
    waiting = asyncio.create_task(flora.wait(begun.run_id))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting
    assert begun.run_id in caught.value.__notes__[0]


async def test_start_whose_answer_is_lost_points_to_history_and_to_the_studio(flora, sandbox):
    sandbox.set_faults(Fault(name="answer_lost", route="POST /techniques/*"))
    before = sandbox.books().total.runs
    with pytest.raises(AmbiguousRequestError) as caught:
        await flora.run("headline-writer", BRIEF)
    assert "florist.Studio" in caught.value.__notes__[0]
    assert sandbox.books().total.runs == before + 1


async def test_completed_run_pickled_and_copied_keeps_all_but_its_secrets(flora):
    run = await flora.run("key-visual", {"prompt": "a red barn"})
    back = pickle.loads(pickle.dumps(run))
    assert (back.run_id, back.outputs[0].output_id) == (run.run_id, "image")
    with pytest.raises(Exception, match=r"flora\.wait"):
        await back.outputs[0].save()
    assert copy.deepcopy(run).outputs[0].url == run.outputs[0].url
    assert "?" not in repr(run)
