"""A campaign that goes on with a pick, cut off before each of its writes in turn: the film is paid for once.

Where an answer was lost, the ledger waits and finds the run: its own drills are about that.
"""

from pathlib import Path

import pytest

from florist.campaigns.picks import PickRefusedError
from florist.errors import FloristError
from florist.ledger import Ledger
from tests.campaigns.picks.conftest import Funnel, PowerCut, WatchedStore, made, server

__all__ = ["server"]

pytestmark = pytest.mark.drill

WRITES_AT_MOST = 60


async def test_continue_cut_off_before_any_write_pays_for_the_pick_once(server, tmp_path: Path):
    lost = 0
    for writes in range(WRITES_AT_MOST):
        funnel = Funnel(server, WatchedStore(tmp_path / str(writes)), f"cut off after {writes}", rows=("a",))
        await funnel.run()
        await funnel.pick("a", "head@v2")
        funnel.store.dies_at = funnel.store.writes + writes
        was_cut_off = await cut_off(funnel)
        funnel.store.dies_at = None
        await changed_mind_is_told_the_truth(funnel)
        if any(entry.is_unresolved for entry in await Ledger(funnel.store).entries()):
            lost += 1
            continue
        assert made(await funnel.run()) == ["a/film@head-v2"]
        assert funnel.charged == 5, f"cut off after {writes} writes"
        if not was_cut_off:
            assert writes > 10 > lost
            return
    raise AssertionError("it never came to its end")


async def cut_off(funnel: Funnel) -> bool:
    try:
        await funnel.run()
    except (PowerCut, BaseExceptionGroup, FloristError):
        return True
    return False


async def changed_mind_is_told_the_truth(funnel: Funnel) -> None:
    """Whoever would take the pick back hears the price, if its step may have been sent; else it is free."""
    may_be_sent = any(entry.work.step.startswith("film") for entry in await Ledger(funnel.store).entries())
    try:
        await funnel.pick("a", "head@v2", "open")
    except PickRefusedError:
        return
    assert (may_be_sent, funnel.charged) == (False, 4)
    await funnel.pick("a", "head@v2")
