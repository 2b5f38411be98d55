"""A restart by hand beside requests that take the run it gives up."""

from contextlib import nullcontext

import pytest

from florist.ledger import Entry, InputIdentity, State, Work, restart
from florist.ledger.errors import EntryBusyError, NeedsReviewError
from tests.ledger.fake_flora import Fault
from tests.ledger.world import World, work

LOST = Fault(is_answered=False)
FILM = "tech_film"


def film_of(run_id: str) -> Work:
    return work(technique_id=FILM, step="film", inputs=(InputIdentity.of_output("image", run_id, 0),))


def restarted(world: World) -> Entry:
    now = world.time.now
    return world.run(restart(world.ledger, world.entry(), gives_up_run=True, now=now))


@pytest.mark.parametrize("point", ["after open journal", "after record sent", "after post", "after claim"])
def test_work_whose_run_a_request_under_way_takes_is_not_restarted(point):
    world = World()
    film = film_of(world.start().run_id)
    world.die(world.process(dies_at=point), film)
    with pytest.raises(EntryBusyError, match=film.key):
        restarted(world)
    world.start(film)
    assert restarted(world).state is State.INTENDED


def test_request_that_was_announced_and_never_left_holds_up_no_restart_for_long():
    world = World()
    film = film_of(world.start().run_id)
    world.die(world.process(dies_at="after open journal"), film)
    world.time.pass_by(331)
    assert restarted(world).state is State.INTENDED


def test_request_for_review_that_takes_the_run_holds_up_a_restart_until_somebody_decides():
    world = World("duplicate", knows_promise=False)
    film = film_of(world.start().run_id)
    world.flora.faults = [LOST]
    with pytest.raises(NeedsReviewError):
        world.start(film)
    world.time.pass_by(3600)
    with pytest.raises(EntryBusyError, match=film.key):
        restarted(world)
    world.run(restart(world.ledger, world.entry(film)))
    assert restarted(world).state is State.INTENDED


@pytest.mark.parametrize(("takes_it", "is_held_up"), [(True, True), (False, False)])
def test_page_of_an_older_version_names_no_runs_and_the_entry_tells(takes_it, is_held_up):
    world = World()
    first = world.start().run_id
    film = film_of(first if takes_it else "run_0000")
    world.die(world.process(dies_at="after record sent"), film)
    [page] = [key for key in world.store.objects if key.startswith(f"ledger/open/{FILM}/")]
    data, written_at = world.store.objects[page]
    world.store.objects[page] = data.replace(b'"needs"', b'"unheard_of"'), written_at
    with pytest.raises(EntryBusyError) if is_held_up else nullcontext():
        restarted(world)


def test_page_that_cannot_be_read_holds_up_a_restart_for_as_long_as_it_may_name_something():
    world = World()
    world.start()
    world.store.objects[f"ledger/open/{FILM}/1/x.json"] = b"{", world.time.now()
    with pytest.raises(EntryBusyError, match=r"x\.json"):
        restarted(world)
    world.time.pass_by(331)
    assert restarted(world).state is State.INTENDED
