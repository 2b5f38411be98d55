"""What a drill of lost requests does once its workers are dead: others go on, then a person decides."""

from tests.drills.ledger.chaos import decide_by_the_books
from tests.drills.ledger.scene import Account, Scene

STARTS = "POST techniques/*/runs"
NOT_PROCESSED, PROCESSED = f"before {STARTS}", f"after {STARTS}"
"""Where a worker is killed: FLORA never sees the request, or answers into the void."""


def lost(scene: Scene, moment: str, which: int, **options: object) -> str:
    """Have a worker die in its only POST, of that number; return the key of the entry left behind."""
    [left] = all_lost(scene, moment, which, **options)
    return left


def all_lost(scene: Scene, moment: str, which: int, **options: object) -> set[str]:
    """Have a worker die in its POST of that number, others beside it; return the keys it leaves behind."""
    assert scene.work(kill_at=f"{moment}#{which}", **options) == -9
    left = {entry.key for entry in scene.entries() if entry.is_unresolved}
    assert left
    return left


def resumed(scene: Scene, *, strangers: frozenset[str] = frozenset(), **options: object) -> Account:
    """Have others finish what they can; nothing is paid twice by then, whatever a person has to look at."""
    scene.finish(**options)
    account = scene.account(strangers=strangers)
    account.assert_sound(may_need_review=True)
    assert not strangers & {entry.run_id for entry in scene.entries()}
    return account


def decided(scene: Scene, *, strangers: frozenset[str] = frozenset()) -> Account:
    """Decide as a person would who knows FLORA's books, and have everything finished."""
    while scene.account(strangers=strangers).reviews:
        decide_by_the_books(scene)
        scene.finish()
    account = scene.account(strangers=strangers)
    account.assert_sound()
    return account
