"""A campaign that goes on with a pick, cut off before each of its writes in turn: the film is paid for once."""

from pathlib import Path

import pytest

from florist.campaigns.picks import PickRefusedError
from florist.errors import FloristError
from tests.campaigns.picks.conftest import Funnel, PowerCut, WatchedStore, made, server

__all__ = ["server"]

pytestmark = pytest.mark.drill

WRITES_AT_MOST = 60


async def test_continue_cut_off_before_any_write_pays_for_the_pick_once(server, tmp_path: Path):
    for dies_after in range(WRITES_AT_MOST):
        funnel = Funnel(
            server, WatchedStore(tmp_path / f"archive-{dies_after}"), f"kill {dies_after}", rows=("a",)
        )
        await funnel.run()
        await funnel.pick("a", "head@v2")
        funnel.store.dies_at = funnel.store.writes + dies_after
        was_cut_off = await cut_off(funnel)
        funnel.store.dies_at = None
        await changed_mind_is_told_the_truth(funnel)
        assert made(await funnel.run()) == ["a/film@head-v2"]
        assert funnel.charged == 5, f"cut off after {dies_after} writes"
        if not was_cut_off:
            print(f"{dies_after} writes, cut off before each")
            return
    raise AssertionError("it never came to its end")


async def cut_off(funnel: Funnel) -> bool:
    try:
        await funnel.run()
    except (PowerCut, BaseExceptionGroup, FloristError):
        return True
    return False


async def changed_mind_is_told_the_truth(funnel: Funnel) -> None:
    """Whoever would take the pick back hears the price, if its step may have been sent; the pick stays."""
    charged = funnel.charged
    try:
        await funnel.pick("a", "head@v2", "open")
    except PickRefusedError:
        return
    assert charged == 4, "it was free to take back what was paid for"
    await funnel.pick("a", "head@v2")
