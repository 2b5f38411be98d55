"""What the model knows of FLORA, the ledger and the processes: one immutable state, and what is drawn for it.

A tick is longer than a request may be open, and as long as the patience with history: what was sent in tick n is
settled in n + 1 and mature in n + 2.
"""

from typing import NamedTuple

from florist.ledger.promises import Belief, Promise
from florist.ledger.timing import Timing

SECONDS_OF_A_TICK = 100
LAST_TICK = 4
FLORA_REMEMBERS = 4
"""Ticks for which FLORA knows an idempotency key."""

TIMING = Timing(
    lease=30.0, settle=60.0, patience=100.0, skew=4.0, absence_skew=104.0, resend_window=350.0, clock_skew=1.0
)
STRANGER = -1
ELSEWHERE = -2
"""Stands for the claimant of a run that this archive no longer sees."""

KNOWN = {
    "replay": Belief(same_body=Promise.REPLAY, other_body=Promise.REPLAY),
    "replay-equal": Belief(same_body=Promise.REPLAY, other_body=Promise.REFUSE),
    "replay-equal-else-new": Belief(same_body=Promise.REPLAY, other_body=Promise.UNKNOWN),
    "duplicate": Belief(same_body=Promise.REFUSE, other_body=Promise.REFUSE),
    "neither": Belief(same_body=Promise.NEITHER, other_body=Promise.NEITHER),
}
UNKNOWN = Belief()


class Setting(NamedTuple):
    """One configuration, and how much may go wrong in it.

    Attributes:
        provider: what FLORA does with a repeated key; `becomes` another one at some moment, if that is named.
        is_known: it was learnt before.
        has_same_body: a repeated request has the same body as the one before.
        resigns: times that a repeated request's body comes to be another one, its URLs signed by another key.
        knows_of_other_bodies: it was also learnt what FLORA does with a repeated key and another body.
        losses: answers, or requests, that are lost.
        crashes: processes that die between the claim of a run and the record of it.
        burns: refusals (402) that use up their key.
        strangers: runs that somebody else makes with our key.
        is_stranger_first: they are there, and shown, before anything of ours.
        prepaid: another archive has paid for the first entry, `lately` or, longer ago than doubts go back,
            `long ago`.
        is_late: history may show a run later than patience.
    """

    provider: str
    entries: int = 2
    is_known: bool = True
    becomes: str = ""
    has_same_body: bool = True
    resigns: int = 0
    knows_of_other_bodies: bool = True
    losses: int = 2
    crashes: int = 0
    burns: int = 0
    strangers: int = 0
    is_stranger_first: bool = False
    prepaid: str = ""
    is_late: bool = False


class Made(NamedTuple):
    """A run at FLORA."""

    owner: int
    tick: int
    is_shown: bool = False
    claimant: int | None = None


class Answer(NamedTuple):
    kind: str
    run: int = -1
    is_replayed: bool = False


class Flight(NamedTuple):
    """A POST on its way: not processed as long as there is no answer; `is_lost`: nobody waits for one."""

    is_repeat: bool
    body: int = 0
    is_same_body: bool = True
    is_lost: bool = False
    answer: Answer | None = None


class Sent(NamedTuple):
    tick: int
    shown_before: tuple[int, ...] = ()
    body: int = 0


class Row(NamedTuple):
    """An entry of the ledger: new, sent, started, refused, review."""

    stand: str = "new"
    sends: tuple[Sent, ...] = ()
    proved_by: str | None = None
    renewals: int = 0
    run: int | None = None
    body: int = 0
    flight: Flight | None = None

    @property
    def is_unresolved(self) -> bool:
        return self.stand in {"sent", "review"}


class KnownKey(NamedTuple):
    """An idempotency key that FLORA has seen; without a run, a refusal used it up."""

    row: int
    renewals: int
    tick: int
    run: int | None
    body: int = 0


class World(NamedTuple):
    provider: str
    belief: Belief
    rows: tuple[Row, ...]
    losses: int
    crashes: int
    burns: int
    strangers: int
    resigns: int = 0
    becomes: str = ""
    tick: int = 0
    runs: tuple[Made, ...] = ()
    keys: tuple[KnownKey, ...] = ()
    was_balance_empty: bool = False

    def with_row(self, index: int, row: Row) -> "World":
        return self._replace(rows=(*self.rows[:index], row, *self.rows[index + 1 :]))

    def with_run(self, index: int, run: Made) -> "World":
        return self._replace(runs=(*self.runs[:index], run, *self.runs[index + 1 :]))


def canonical(world: World) -> World:
    """Return the state with its rows in one order: which of them is called the first makes no difference."""
    order = sorted(range(len(world.rows)), key=lambda index: hash(world.rows[index]))
    if order == sorted(order):
        return world
    place = {index: number for number, index in enumerate(order)} | {
        STRANGER: STRANGER,
        ELSEWHERE: ELSEWHERE,
        None: None,
    }
    return world._replace(
        rows=tuple(world.rows[index] for index in order),
        runs=tuple(run._replace(owner=place[run.owner], claimant=place[run.claimant]) for run in world.runs),
        keys=tuple(key._replace(row=place[key.row]) for key in world.keys),
    )


def _belief(setting: Setting) -> Belief:
    known = KNOWN[setting.provider] if setting.is_known else UNKNOWN
    return known if setting.knows_of_other_bodies else known.model_copy(update={"other_body": Promise.UNKNOWN})


def first_world(setting: Setting) -> World:
    runs: tuple[Made, ...] = ()
    keys: tuple[KnownKey, ...] = ()
    if setting.prepaid:
        is_seen = setting.prepaid == "lately"
        runs = (*runs, Made(owner=0, tick=-3, is_shown=True, claimant=None if is_seen else ELSEWHERE))
        keys = (KnownKey(0, 0, tick=-1, run=0),)
    if setting.is_stranger_first:
        runs = (*runs, Made(owner=STRANGER, tick=0, is_shown=True))
    return World(
        provider=setting.provider,
        becomes=setting.becomes,
        belief=_belief(setting),
        rows=(Row(),) * setting.entries,
        losses=setting.losses,
        crashes=setting.crashes,
        burns=setting.burns,
        strangers=setting.strangers,
        resigns=setting.resigns,
        runs=runs,
        keys=keys,
    )
