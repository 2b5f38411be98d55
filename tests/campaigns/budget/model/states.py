"""What the model knows of FLORA, the ledger, the budget's records and the processes: one immutable state.

A row has one cell. Time is told by what it does: once a block's settler has waited, every look from before it was
closed is too old.
"""

from typing import NamedTuple

ATTEMPTS = 2


class Setting(NamedTuple):
    """One configuration, and how much may go wrong in it.

    Attributes:
        prices: of the rows.
        plans: of each process: those with another name plan the rows otherwise.
        losses: requests that never arrive, or whose answers are lost.
        failures: runs that fail and cost nothing; `charged_failures`: that cost something.
        rises: of the first row's price; `excess`: charges beyond the price told.
        lowers: of the cap, by one.
        restarts: by hand, of a request in doubt.
        hasty: blocks of other plans that are closed though their walk is alive.
    """

    cap: int = 2
    prices: tuple[int, ...] = (1, 1)
    plans: str = "aa"
    limit: int = 2
    losses: int = 0
    crashes: int = 0
    failures: int = 0
    charged_failures: int = 0
    refusals: int = 0
    empties: int = 0
    rises: int = 0
    lowers: int = 0
    excess: int = 0
    hasty: int = 0
    restarts: int = 0


class Order(NamedTuple):
    """In which order things are done that are no rules: broken by the mutations."""

    looks: bool = True
    looks_after_sent: bool = True
    reads_clock_after_put: bool = True
    reads_after_closing: bool = True
    rereads_entry: bool = True
    reads_price_once: bool = True
    holds_before_setting_aside: bool = True
    resumes: bool = True
    releases: bool = True


class Line(NamedTuple):
    """An attempt's entry in the ledger: none, sent, ended, failed, refused."""

    stand: str = "none"
    renewals: int = 0
    block: int = -1
    price: int = 0
    charge: int = 0
    given_up: tuple[tuple[int, int, int], ...] = ()
    """Renewals, block and price of each."""


class Act(NamedTuple):
    """A request under way in a process: look, hold, put, judge, post; `line` is the entry as it was read."""

    row: int
    attempt: int
    stage: str
    price: int
    block: int
    line: Line
    is_repeat: bool = False
    is_held: bool = False
    is_judged: bool = False


class Process(NamedTuple):
    """idle, walk, close, wait, read, append, end, ended."""

    plan: str
    mode: str = "idle"
    pending: tuple[int, ...] = ()
    planned: int = -1
    block: int = -1
    todo: tuple[int, ...] = ()
    walking: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    act: Act | None = None
    looked: int = -1
    spent: tuple[tuple[int, int, Line], ...] = ()
    is_empty: bool = False
    joined: tuple[int, ...] = ()
    foreign: int = -1
    unheld: tuple[int, ...] = ()
    """Rows of a request in doubt for which nothing is held, and no more fits beside what is set aside."""


class Charge(NamedTuple):
    """What FLORA remembers of an idempotency key."""

    row: int
    attempt: int
    renewals: int
    is_failed: bool
    charge: int


LAST_RECORD = 12
"""No sound configuration comes near it; what does goes round in circles."""


class World(NamedTuple):
    record: str
    number: int
    prices: tuple[int, ...]
    rows: tuple[tuple[Line, ...], ...]
    processes: tuple[Process, ...]
    left: tuple[int, ...]
    """What may still go wrong, in the order of `FAULTS`."""
    closed: tuple[int, ...] = ()
    waited: tuple[int, ...] = ()
    known: tuple[Charge, ...] = ()
    excess: int = 0

    def with_process(self, index: int, **changes: object) -> "World":
        process = self.processes[index]._replace(**changes)
        return self._replace(processes=(*self.processes[:index], process, *self.processes[index + 1 :]))

    def with_line(self, row: int, attempt: int, line: Line) -> "World":
        lines = self.rows[row]
        lines = (*lines[:attempt], line, *lines[attempt + 1 :])
        return self._replace(rows=(*self.rows[:row], lines, *self.rows[row + 1 :]))

    def less(self, fault: str) -> "World | None":
        """The world in which that has happened once; None if it may not any more."""
        place = FAULTS.index(fault)
        if not self.left[place]:
            return None
        return self._replace(left=(*self.left[:place], self.left[place] - 1, *self.left[place + 1 :]))

    def is_done(self, row: int) -> bool:
        """Whether nothing more is to be paid for in a row: it ended in success, or once too often."""
        lines = self.rows[row]
        return any(line.stand == "ended" for line in lines) or lines[-1].stand == "failed"


FAULTS = (
    "losses",
    "crashes",
    "failures",
    "charged_failures",
    "refusals",
    "empties",
    "rises",
    "lowers",
    "excess",
    "hasty",
    "restarts",
)
