"""The ledger's view of FLORA through the real client."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx

from florist.api import FloraAPI
from florist.api.models import InputValue
from florist.ledger import TechniqueRoute

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HISTORY = [
    {
        "technique_run_id": f"run_{minute}",
        "status": "running",
        "created_at": (NOW.timestamp() - 60 * minute) * 1000,
    }
    for minute in range(10)
]


class Wire:
    """Answers on the wire, from a clock one hour ahead of ours."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.local_now = NOW
        self.ahead = timedelta(hours=1)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        headers = {"date": format_datetime(self.local_now + self.ahead, usegmt=True)}
        if request.method == "POST":
            return httpx.Response(200, json={"run_id": "run_new", "status": "pending"}, headers=headers)
        return httpx.Response(200, json={"technique_runs": HISTORY, "meta": {}}, headers=headers)


async def through(wire: Wire, use):
    client = FloraAPI(
        api_key="sk_test_a",
        base_url="http://127.0.0.1:9/api/v1",
        transport=httpx.MockTransport(wire.answer),
        now=lambda: wire.local_now,
    )
    async with client:
        return await use(TechniqueRoute(client, now=lambda: wire.local_now, monotonic=lambda: 0.0))


async def test_time_is_floras_and_asked_once():
    wire = Wire()

    async def use(flora):
        return [await flora.ask_time(anew=False) for _ in range(3)]

    times = await through(wire, use)
    assert all(abs(time - NOW - timedelta(hours=1)) < timedelta(seconds=2) for time in times)
    assert len(wire.requests) == 1


async def test_time_is_asked_again_when_our_clock_was_set():
    wire = Wire()

    async def use(flora):
        await flora.ask_time(anew=False)
        wire.local_now += timedelta(minutes=10)
        await flora.ask_time(anew=False)

    await through(wire, use)
    assert len(wire.requests) == 2


async def test_time_is_asked_anew_on_demand():
    wire = Wire()

    async def use(flora):
        await flora.ask_time(anew=False)
        await flora.ask_time(anew=True)

    await through(wire, use)
    assert len(wire.requests) == 2


async def test_post_is_announced_before_it_leaves_and_carries_its_key():
    wire = Wire()
    sent_before = []

    async def announce():
        sent_before.append(len(wire.requests))

    async def use(flora):
        return await flora.post(
            "tech_1",
            [InputValue(id="prompt", type="text", value="a vase")],
            idempotency_key="abc-0",
            callback_url=None,
            before_send=announce,
        )

    run = await through(wire, use)
    assert (run.run.run_id, sent_before) == ("run_new", [0])
    assert wire.requests[0].headers["idempotency-key"] == "abc-0"
    assert json.loads(wire.requests[0].content)["idempotency_key"] == "abc-0"


async def test_history_ends_with_the_first_run_that_is_too_old_and_names_no_workspace():
    wire = Wire()

    async def use(flora):
        return [run.run_id async for run in flora.history("tech_1", since=NOW - timedelta(minutes=3))]

    assert await through(wire, use) == ["run_0", "run_1", "run_2", "run_3"]
    assert wire.requests[0].url.params["technique_id"] == "tech_1"
    assert "workspace_id" not in wire.requests[0].url.params


async def test_time_is_right_though_our_clock_is_set_while_the_answer_is_on_its_way():
    wire = Wire()
    answer = wire.answer

    async def set_meanwhile(request: httpx.Request) -> httpx.Response:
        response = await answer(request)
        if len(wire.requests) == 1:
            wire.local_now += timedelta(hours=3)
            wire.ahead -= timedelta(hours=3)
        return response

    wire.answer = set_meanwhile

    async def use(flora):
        return await flora.ask_time(anew=False)

    assert abs(await through(wire, use) - NOW - timedelta(hours=1)) < timedelta(seconds=2)
