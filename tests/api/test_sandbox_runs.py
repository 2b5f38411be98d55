"""The client against a sandbox's faults, over a real socket; the sandbox's books are the judge."""

import asyncio
from decimal import Decimal

import pytest

from flora_sandbox.faults import Fault
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.errors import (
    AmbiguousRequestError,
    BadRequestError,
    IdempotencyConflictError,
    IdempotencyDuplicateError,
    InsufficientCreditsError,
    NotFoundError,
)
from florist.api.models import InputValue, RunStatus

INPUTS = [InputValue(id="brief", type="text", value="a vase")]


def runs_created(sandbox):
    return sandbox.books().total.runs


def create(client, **settings):
    return client.techniques.runs.create("headline-writer", inputs=INPUTS, **settings)


async def ended(client, run_id):
    while True:
        run = await client.runs.retrieve(run_id)
        if run.is_finished:
            return run
        await asyncio.sleep(0.02)


async def test_run_created_and_retrieved_is_completed_with_its_text(client):
    begun = await create(client)
    run = await ended(client, begun.run_id)
    assert (begun.is_finished, run.status) == (False, RunStatus.COMPLETED)
    assert run.outputs[0].text
    assert run.charged_usd == Decimal("0.01")


async def test_run_by_the_top_level_route_reserves_its_price(client):
    started = await client.runs.start_technique(technique_id="tech_headlines01", inputs={"brief": "a vase"})
    assert (started.type, started.reserved_usd) == ("technique", Decimal("0.01"))
    run = await client.runs.retrieve_at(started.poll_url)
    assert run.run_id == started.run_id


@pytest.mark.parametrize("route", ["generate", "runs/generation"])
async def test_generation_by_either_route_can_be_retrieved_and_listed(client, route):
    start = client.generations.create if route == "generate" else client.runs.start_generation
    started = await start(type="image", prompt="a vase", project_id="prj_launch00001")
    run = await ended(client, started.run_id)
    assert run.outputs[0].url is not None
    assert started.run_id in [run.run_id async for run in client.generations.list()]


@pytest.mark.parametrize("fault", ["answer_lost", "server_error_after"])
async def test_write_processed_whose_answer_is_lost_is_ambiguous_and_one_run(client, sandbox, fault):
    before = runs_created(sandbox)
    sandbox.set_faults(Fault(name=fault, times=1))
    with pytest.raises(AmbiguousRequestError):
        await create(client)
    assert runs_created(sandbox) == before + 1


async def test_write_reset_before_processing_is_ambiguous_and_no_run(client, sandbox):
    before = runs_created(sandbox)
    sandbox.set_faults(Fault(name="connection_reset", times=1))
    with pytest.raises(AmbiguousRequestError):
        await create(client)
    assert runs_created(sandbox) == before


async def test_write_refused_by_rate_limits_is_one_run_in_the_end(client, sandbox):
    before = runs_created(sandbox)
    sandbox.set_faults(Fault(name="rate_limited", times=2, seconds=0))
    await create(client)
    assert runs_created(sandbox) == before + 1


async def test_write_of_a_key_that_was_processed_is_told_so(client):
    await create(client, idempotency_key="twice")
    with pytest.raises(IdempotencyDuplicateError) as caught:
        await create(client, idempotency_key="twice")
    assert caught.value.request_id


async def test_write_of_a_key_with_another_body_is_a_conflict(tmp_path):
    with SandboxServer(tmp_path, Settings(duration_scale=0, idempotency="replay")) as replaying:
        async with FloraAPI(api_key=replaying.api_key, base_url=replaying.base_url) as client:
            first = await create(client, idempotency_key="twice")
            again = await create(client, idempotency_key="twice")
            with pytest.raises(IdempotencyConflictError):
                await client.techniques.runs.create(
                    "headline-writer",
                    inputs=[INPUTS[0].model_copy(update={"value": "a jug"})],
                    idempotency_key="twice",
                )
    assert first.run_id == again.run_id


async def test_read_in_trouble_every_third_time_always_answers(client, sandbox):
    begun = await create(client)
    sandbox.set_faults(
        Fault(name="connection_reset", route="GET *", every=3),
        Fault(name="server_error", route="GET *", every=4),
        Fault(name="rate_limited", route="GET *", every=5, seconds=0),
    )
    for _ in range(8):
        assert (await client.runs.retrieve(begun.run_id)).run_id == begun.run_id


async def test_camel_case_run_is_read_alike(client, sandbox):
    sandbox.set_faults("camel_case")
    begun = await create(client)
    run = await ended(client, begun.run_id)
    assert run.charged_usd == Decimal("0.01")
    assert begun.run_id in [run.run_id async for run in client.techniques.runs.list()]


@pytest.mark.parametrize("stream", ["json", "events"])
async def test_run_in_stream_mode_is_named_whatever_the_format(tmp_path, stream):
    with SandboxServer(tmp_path, Settings(duration_scale=0, stream=stream)) as streaming:
        async with FloraAPI(api_key=streaming.api_key, base_url=streaming.base_url) as client:
            begun = await create(client, mode="stream")
            assert (await ended(client, begun.run_id)).status is RunStatus.COMPLETED


async def test_missing_input_is_a_bad_request_that_names_it(client):
    with pytest.raises(BadRequestError) as caught:
        await client.techniques.runs.create("product-film", inputs=INPUTS)
    assert caught.value.fields


async def test_empty_balance_is_insufficient_credits(client, sandbox):
    sandbox.set_balance(0)
    with pytest.raises(InsufficientCreditsError):
        await create(client)
    sandbox.set_balance(1000)


async def test_run_of_an_unknown_technique_is_not_found(client):
    with pytest.raises(NotFoundError):
        await client.techniques.runs.create("no-such-technique", inputs=INPUTS)


@pytest.mark.parametrize("paging", ["keyset", "offset"])
async def test_history_of_10000_runs_comes_whole_and_once_while_runs_are_added(tmp_path, paging):
    with SandboxServer(tmp_path, Settings(paging=paging)) as busy:
        busy.add_history(10_000)
        async with FloraAPI(api_key=busy.api_key, base_url=busy.base_url) as client:
            seen = []
            async for run in client.techniques.runs.list():
                seen.append(run.run_id)
                if len(seen) % 500 == 50:
                    await create(client)
    assert (len(seen), len(set(seen))) == (10_000, 10_000)


async def test_watcher_waits_for_runs_of_every_route(client):
    nested = await create(client)
    started = await client.generations.create(type="image", prompt="a vase", project_id="prj_launch00001")
    runs = await asyncio.gather(
        client.watcher.wait(nested.run_id, technique="headline-writer", expected_seconds=0),
        client.watcher.wait(started.run_id, technique=None, route="generation", expected_seconds=0),
    )
    assert [run.status for run in runs] == [RunStatus.COMPLETED] * 2
