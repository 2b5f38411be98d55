"""Two processes die together in a POST of one technique: where FLORA does not name the run, a person decides.

It names none where it only says `duplicate`, and where it compares bodies and the URL of an input was signed anew.
"""

import json
import time

import pytest

from florist.cli import main
from tests.drills.ledger.afterwards import PROCESSED, resumed
from tests.drills.ledger.scene import Scene, scene

WITHIN = 60.0
BOTH_LOOK = "before record sent#1"
"""Where each has seen that no other request of the technique is in doubt. Both wait there for each other."""


def florist(capsys, made: Scene, *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["ledger", *words, "--archive", made.store])
    assert ended.value.code in {0, None}
    return capsys.readouterr().out


def killed_together(made: Scene) -> None:
    ends = {"stop_at": BOTH_LOOK, "kill_at": f"{PROCESSED}#1"}
    workers = [made.worker(only=f"row-{number}", **ends) for number in range(2)]
    deadline = time.monotonic() + WITHIN
    while not all(worker.is_stopped for worker in workers):
        assert time.monotonic() < deadline, "the workers do not come to where they wait for each other"
        time.sleep(0.01)
    for worker in workers:
        worker.wake()
    assert [worker.ended(WITHIN) for worker in workers] == [-9, -9]
    assert len([entry for entry in made.entries() if entry.is_unresolved]) == 2


@pytest.mark.drill
def test_two_processes_killed_in_their_posts_are_mended_by_adopting(tmp_path, capsys):
    with scene(tmp_path, rows=2, settings={"idempotency": "duplicate"}) as made:
        killed_together(made)
        reviews = resumed(made).reviews
        runs = {made.run_of(review.key) for review in reviews}
        assert len(reviews) == 2

        listed = json.loads(florist(capsys, made, "list", "--state", "needs-review", "--json"))
        assert {line["key"] for line in listed} == {review.key for review in reviews}
        for review in reviews:
            shown = florist(capsys, made, "show", review.key[:12])
            assert all(f"candidate {run_id}" in shown for run_id in runs)

        first = reviews[0].key
        florist(capsys, made, "adopt", first[:12], made.run_of(first))
        assert resumed(made).reviews == []


@pytest.mark.drill
@pytest.mark.parametrize("compare_bodies", [True, False])
def test_two_processes_killed_in_their_posts_need_nobody_where_flora_replays(tmp_path, store_for, compare_bodies):
    replays = {"idempotency": "replay", "compare_bodies": compare_bodies}
    with scene(tmp_path, store=store_for(tmp_path), rows=2, settings=replays) as made:
        killed_together(made)
        assert resumed(made).reviews == []


@pytest.mark.drill
def test_two_processes_killed_in_posts_of_a_later_step_need_nobody_where_flora_replays(tmp_path, store_for):
    replays = {"idempotency": "replay", "compare_bodies": False}
    with scene(tmp_path, store=store_for(tmp_path), rows=2, settings=replays) as made:
        for row in ("row-0", "row-1"):
            assert made.work(only=row, kill_at="after record archived#1") == -9
        killed_together(made)
        assert resumed(made).reviews == []
