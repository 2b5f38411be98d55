"""A campaign that went every way a campaign can go, on a sandbox whose time passes only when somebody waits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from flora_sandbox.database import FILE_NAME
from flora_sandbox.faults import Fault, FaultName
from flora_sandbox.money import micros
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.client import key_fingerprint
from florist.api.errors import RunFailedError, RunWithoutOutputsError
from florist.campaigns.bill.reading import Charges, read_charges
from florist.ledger import Ledger, Spender, TechniqueRoute
from florist.ledger.promises import Observation, Promise, Promises
from florist.studio.studio import Studio
from tests.ledger.dated_folder import DatedFolder
from tests.ledger.world import KilledError

PRICE = Decimal("0.01")
"""Of the technique that every row runs."""


class Spending:
    """A sandbox, an archive, and the ways a row can go."""

    def __init__(self, sandbox: SandboxServer, path: Path) -> None:
        self.sandbox = sandbox
        self.store = DatedFolder(path, self.now)
        self.ledger = Ledger(self.store)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.sandbox.clock.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)
        await asyncio.sleep(0)

    async def learn_that_flora_replays(self) -> None:
        scope = f"{self.sandbox.base_url} {key_fingerprint(SecretStr(self.sandbox.api_key))} techniques"
        promises = Promises(self.store, scope=scope, lasts=timedelta(days=7))
        seen = Observation(promise=Promise.REPLAY, is_same_body=True, seen_at=self.now(), age_seconds=1.0)
        await promises.learn(seen)

    @asynccontextmanager
    async def studio(self, dies_at: str = "") -> AsyncIterator[Studio]:
        def pass_by(point: str) -> None:
            if point == dies_at:
                raise KilledError(point)

        times = {"now": self.now, "monotonic": self.sandbox.clock.now}
        client = FloraAPI(api_key=self.sandbox.api_key, base_url=self.sandbox.base_url, sleep=self.sleep, **times)
        async with client:
            spender = Spender(
                self.ledger, TechniqueRoute(client, **times), sleep=self.sleep, checkpoint=pass_by, **times
            )
            studio = Studio(client, self.store, spender=spender, now=self.now)
            yield studio
            await studio.aclose()

    async def row(
        self, key: str, *faults: Fault, step: str = "headline", campaign: str = "spring", dies_at: str = ""
    ) -> None:
        """Make a row, struck by these faults and by no others."""
        self.sandbox.set_faults(*faults)
        async with self.studio(dies_at) as studio:
            with suppress(KilledError, RunFailedError, RunWithoutOutputsError):
                await studio.run("headline-writer", {"brief": f"of {key}"}, campaign=campaign, row=key, step=step)
        self.sandbox.set_faults()

    async def correct(self, key: str, price: str) -> None:
        """Have FLORA say from now on that the row's run was charged something else."""
        [entry] = [entry for entry in await self.ledger.entries() if entry.work.row == key]
        books = sqlite3.connect(self.sandbox.data_dir / FILE_NAME)
        with books:
            books.execute(
                "UPDATE runs SET charged_micros = ? WHERE run_id = ?", (micros(Decimal(price)), entry.run_id)
            )
        books.close()

    async def charges(self, campaign: str | None = None) -> Charges:
        return await read_charges(self.store, campaign)

    @property
    def booked_usd(self) -> Decimal:
        return self.sandbox.books().total.charged_usd


ONCE = {"times": 1}
RETRIED = Fault(name=FaultName.PROVIDER_ERROR, **ONCE)
BLOCKED = Fault(name=FaultName.SAFETY_BLOCKED, **ONCE)
EMPTY = Fault(name=FaultName.NO_OUTPUTS, **ONCE)
LOST_ANSWER = Fault(name=FaultName.ANSWER_LOST, route="POST *", **ONCE)


@pytest.fixture
async def spending(tmp_path: Path) -> AsyncIterator[Spending]:
    settings = Settings(idempotency="replay", frozen_at=1_800_000_000.0, charge_failed_runs=True, duration_scale=0)
    with SandboxServer(tmp_path / "flora", settings) as sandbox:
        found = Spending(sandbox, tmp_path / "archive")
        await found.learn_that_flora_replays()
        yield found


@pytest.fixture
async def campaign(spending: Spending) -> Spending:
    """Six rows that have ended, each in another way."""
    await spending.row("kept")
    await spending.row("retried", RETRIED)
    await spending.row("blocked", BLOCKED)
    await spending.row("empty", EMPTY)
    await spending.row("adopted", LOST_ANSWER)
    return spending
