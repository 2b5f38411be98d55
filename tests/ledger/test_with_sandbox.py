"""The ledger, the real client, a folder and the sandbox, judged by the sandbox's books."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from flora_sandbox.faults import Fault, FaultName
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.client import key_fingerprint
from florist.api.errors import InsufficientCreditsError
from florist.api.models import InputValue
from florist.ledger import GenerationRoute, How, InputIdentity, Ledger, Spender, TechniqueRoute, Work
from florist.ledger.errors import NeedsReviewError
from florist.ledger.promises import Observation, Promise, Promises
from tests.ledger.dated_folder import DatedFolder
from tests.ledger.world import KilledError

PROMPT = "Spring flowers"


class Scene:
    """A sandbox whose time, and ours with it, passes only when the ledger waits."""

    def __init__(self, sandbox: SandboxServer, folder, *, route: str = "technique") -> None:
        self.sandbox = sandbox
        self.route = route
        self.ledger = Ledger(DatedFolder(folder, self.now))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.sandbox.clock.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)
        await asyncio.sleep(0)

    async def learn(self, promise: Promise) -> None:
        """Have it known what the sandbox does with a repeated key."""
        scope = f"{self.sandbox.base_url} {key_fingerprint(SecretStr(self.sandbox.api_key))} {self.route}s"
        promises = Promises(self.ledger.store, scope=scope, lasts=timedelta(days=7))
        seen = Observation(promise=promise, is_same_body=True, seen_at=self.now(), age_seconds=1.0)
        await promises.learn(seen)
        await promises.learn(seen.model_copy(update={"is_same_body": False}))

    async def start(self, *, api_key: str = SandboxServer.api_key, dies_at: str = ""):
        def pass_by(point: str) -> None:
            if point == dies_at:
                raise KilledError(point)

        monotonic = self.sandbox.clock.now
        client = FloraAPI(
            api_key=api_key,
            base_url=self.sandbox.base_url,
            now=self.now,
            monotonic=monotonic,
            sleep=self.sleep,
        )
        async with client:
            route, subject, values = await self.wanted(client)
            work = Work(
                technique_id=subject,
                inputs=tuple(InputIdentity.of_text(name, text) for name, text in values.items()),
                campaign="spring",
                route=self.route,
            )
            spender = Spender(
                self.ledger,
                route(client, now=self.now, monotonic=monotonic),
                now=self.now,
                monotonic=monotonic,
                sleep=self.sleep,
                checkpoint=pass_by,
            )
            inputs = [InputValue(id=name, type="text", value=text) for name, text in values.items()]
            return await spender.start(work, inputs)

    async def wanted(self, client: FloraAPI):
        if self.route == "generation":
            texts = {"type": "image", "prompt": PROMPT, "params.aspect_ratio": '"16:9"'}
            return GenerationRoute, "t2i-flux-2-pro", texts
        technique = await client.techniques.retrieve("headline-writer")
        return TechniqueRoute, technique.technique_id, {"brief": PROMPT}

    @property
    def runs(self) -> int:
        return self.sandbox.books().total.runs


@pytest.fixture(params=["technique", "generation"])
def route(request):
    return request.param


@pytest.fixture(params=["replay", "duplicate"])
async def scene(request, route, tmp_path):
    settings = Settings(idempotency=request.param, frozen_at=1_800_000_000.0)
    with SandboxServer(tmp_path / "data", settings) as sandbox:
        made = Scene(sandbox, tmp_path / "store", route=route)
        await made.learn(Promise.REPLAY if request.param == "replay" else Promise.REFUSE)
        yield made


async def test_work_started_twice_is_one_run(scene):
    first, second = await scene.start(), await scene.start()
    assert (first.how, second.how, second.run_id) == (How.NEW, How.RESUMED, first.run_id)
    assert scene.runs == 1


@pytest.mark.parametrize(
    "fault",
    [FaultName.ANSWER_LOST, FaultName.CONNECTION_RESET, FaultName.SERVER_ERROR, FaultName.SERVER_ERROR_AFTER],
)
async def test_post_gone_wrong_is_found_again_in_the_same_call(scene, fault):
    scene.sandbox.set_faults(Fault(name=fault, times=1, route="POST *"))
    started = await scene.start()
    assert (started.how, scene.runs) == (How.ADOPTED, 1)


async def test_rate_limit_is_waited_out(scene):
    scene.sandbox.set_faults(Fault(name=FaultName.RATE_LIMITED, times=2, route="POST *"))
    started = await scene.start()
    assert (started.how, scene.runs) == (How.NEW, 1)


async def test_empty_balance_is_told_and_work_goes_on_after_a_top_up(scene):
    scene.sandbox.set_balance(0)
    with pytest.raises(InsufficientCreditsError):
        await scene.start()
    scene.sandbox.set_balance(10)
    assert ((await scene.start()).how, scene.runs) == (How.NEW, 1)


async def test_run_of_a_dead_process_is_for_review_three_hours_later(scene):
    with pytest.raises(KilledError):
        await scene.start(dies_at="after post")
    scene.sandbox.clock.advance(3 * 3600)
    with pytest.raises(NeedsReviewError) as review:
        await scene.start()
    assert (len(review.value.candidates), scene.runs) == (1, 1)


async def test_run_of_a_dead_process_is_adopted_soon_after(scene):
    with pytest.raises(KilledError):
        await scene.start(dies_at="after post")
    assert ((await scene.start()).how, scene.runs) == (How.ADOPTED, 1)


async def test_run_of_a_dead_process_is_not_touched_with_another_api_key(scene):
    with pytest.raises(KilledError):
        await scene.start(dies_at="after post")
    with pytest.raises(NeedsReviewError, match="API key"):
        await scene.start(api_key="sk_test_another")
    assert scene.runs == 1
