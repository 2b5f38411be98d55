"""Two processes die together in a POST of one technique where FLORA only says `duplicate`: a person decides."""

import json

import pytest

from florist.cli import main
from tests.drills.ledger.afterwards import PROCESSED, resumed
from tests.drills.ledger.scene import Scene, scene

WITHIN = 60.0
BOTH_LOOK = "after read neighbours#1"
"""Where each has seen that no other request of the technique is open. Both wait there for each other."""
STOPPED = 1.5


def florist(capsys, made: Scene, *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["ledger", *words, "--archive", made.store])
    assert ended.value.code in {0, None}
    return capsys.readouterr().out


def killed_together(made: Scene) -> None:
    ends = {"stop_at": BOTH_LOOK, "stop_for": STOPPED, "kill_at": f"{PROCESSED}#1"}
    workers = [made.worker(**ends), made.worker(**ends)]
    assert [worker.ended(WITHIN) for worker in workers] == [-9, -9]


@pytest.mark.drill
def test_two_processes_killed_in_their_posts_are_mended_by_adopting(tmp_path, capsys):
    with scene(tmp_path, rows=2) as made:
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
