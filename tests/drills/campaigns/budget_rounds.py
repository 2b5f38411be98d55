"""A round of three processes on one campaign with money for a part of it, each killed at random."""

import asyncio
import random
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from flora_sandbox.books import report
from florist.campaigns.budget.books import Books
from florist.campaigns.budget.chain import Chain
from florist.campaigns.budget.money import micro_usd
from florist.ledger import State
from tests.drills.ledger.rounds import Figures
from tests.drills.ledger.scene import RESTARTS, Scene, walk_rows

ROWS = 4
PRICES = {"square": 10_000, "words": 20_000, "headlines": 10_000}
WHOLE = Decimal("0.04") * ROWS
CROWD = 3
POINTS = 130 * ROWS
AROUND_MONEY = (
    "before create budgets",
    "after create budgets",
    "before read budgets",
    "after record sent",
    "after POST techniques/*/runs",
    "before claim",
    "before record archived",
)
STARTS = "POST /techniques/*/runs"
MENU: tuple[dict[str, Any], ...] = (
    {"name": "answer_lost", "chance": 0.2},
    {"name": "server_error_after", "chance": 0.2},
    {"name": "connection_reset", "route": STARTS, "chance": 0.3},
    {"name": "rate_limited", "route": STARTS, "chance": 0.3, "seconds": 4},
    {"name": "provider_error", "times": 3},
    {"name": "slow_answer", "route": STARTS, "chance": 0.3, "seconds": 1.0},
)


def budget_round(seed: str, folder: Path, *, store: str | None = None) -> Figures:
    """Play one round; return its figures.

    Raises:
        AssertionError: the cap is broken, something is paid twice, or affordable and left.
    """
    rng = random.Random(seed)
    share = rng.choice((Decimal("0.5"), Decimal("0.5"), Decimal("0.4"), Decimal("0.7")))
    cap = (WHOLE * share).quantize(Decimal("0.01"))
    settings = {
        "idempotency": "replay",
        "compare_bodies": False,
        "seed": rng.randrange(1000),
        "faults": rng.sample(MENU, rng.randint(0, 2)),
        "charge_failed_runs": rng.random() < 0.3,
    }
    scene = Scene(folder, store or str(folder / "archive"), rows=ROWS, settings=settings)
    options = {"budget": cap, "rows_per_block": rng.choice((1, 2, 500))}
    (folder / "round.txt").write_text(f"{seed}: {cap} {settings} {options}\n")
    try:
        scene.serve()
        for _ in range(rng.randint(1, 2)):
            _night(scene, rng, options)
        scene.set_faults()
        workers = _morning(scene, options)
        return {**scene.kills, "workers": workers, **_held_against_the_books(scene, micro_usd(cap))}
    finally:
        scene.close()


def _night(scene: Scene, rng: random.Random, options: dict[str, Any]) -> None:
    """Have three workers start together, each to die at a point of its own, or in a while."""
    workers = [scene.worker(kill_at=_point(rng), **options) for _ in range(CROWD)]
    give_up_at = time.monotonic() + rng.uniform(1.0, 8.0)
    for worker in workers:
        try:
            scene.kills["kills"] += worker.ended(max(0.0, give_up_at - time.monotonic())) == -9
        except TimeoutError:
            scene.kills["kills"] += 1


def _point(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return str(rng.randint(1, POINTS))
    return f"{rng.choice(AROUND_MONEY)}#{rng.randint(1, 6)}"


def _morning(scene: Scene, options: dict[str, Any]) -> int:
    """Have workers go on until nothing is left that the budget covers; return how many it took."""
    for count in range(1, RESTARTS + 1):
        code = scene.work(**options)
        failed = set(scene.last_report().get("failed", {}).values())
        if code == 0 or failed == {"BudgetRefusedError"}:
            return count
    raise AssertionError(f"not done after {RESTARTS} workers: {scene.last_report()} in {scene.folder}")


def _held_against_the_books(scene: Scene, cap: int) -> Figures:
    httpx.get(f"{scene.url}/_sandbox/books", timeout=30).raise_for_status()
    books = report(scene.folder / "sandbox")
    charged = micro_usd(books.total.charged_usd)
    record = asyncio.run(_record(scene))
    assert charged <= cap, (charged, cap)
    assert (record.settled, record.uncertain, record.reserved) == (charged, 0, 0), (record, charged)
    entries = scene.entries()
    assert {entry.state for entry in entries} <= {State.ARCHIVED, State.FINISHED, State.REFUSED}
    succeeded: dict[tuple[str, str], int] = {}
    for entry in entries:
        place = (entry.work.row, entry.work.step)
        succeeded[place] = succeeded.get(place, 0) + (entry.state is State.ARCHIVED)
        assert len(scene.runs_of(entry.key)) <= 1, entry.key
    assert max(succeeded.values(), default=0) <= 1
    for number in range(ROWS):
        missing = sum(price for step, price in PRICES.items() if not succeeded.get((f"row-{number}", step)))
        assert not missing or missing > record.free, (f"row-{number} could be afforded", missing, record.free)
    return {"charged": charged // 10_000, "cap": cap // 10_000, "steps": sum(succeeded.values())}


async def _record(scene: Scene) -> Any:
    store = walk_rows.store_named(scene.store)
    link = await Chain(store, "drill").newest()
    assert link is not None
    await Chain(store, "drill").records()
    return await Books(scene.ledger(), "drill").folded(link)
