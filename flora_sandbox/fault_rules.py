"""The faults in force, with counters that decide which request each strikes next."""

from collections.abc import Iterable, Sequence

from flora_sandbox.calls import Call
from flora_sandbox.database import Database
from flora_sandbox.faults import Fault, Stage


class FaultRules:
    """Standing faults with their counters, which outlive a restart."""

    def __init__(self, database: Database, seed: int, initial: Sequence[Fault]) -> None:
        self._database = database
        self._seed = seed
        self._rules: list[tuple[int, Fault]] = []
        wanted = "\n".join(fault.model_dump_json() for fault in initial)
        if database.remembered("faults_of_settings") != wanted:
            self.replace(initial)
            database.remember("faults_of_settings", wanted)
        self._load()

    def replace(self, faults: Sequence[Fault]) -> None:
        """Put these in force instead of those before."""
        with self._database.transaction():
            self._database.write("DELETE FROM faults")
            for fault in faults:
                self._database.insert("faults", definition=fault.model_dump_json(), seen=0, struck=0)
        self._load()

    def listed(self) -> list[tuple[Fault, int, int]]:
        """Return each fault with the requests it matched and those it struck."""
        rows = self._database.rows("SELECT * FROM faults ORDER BY id")
        return [(Fault.model_validate_json(row["definition"]), row["seen"], row["struck"]) for row in rows]

    def strike(self, stage: Stage, call: Call, techniques: Iterable[str] = ()) -> list[Fault]:
        """Return the faults that strike this call now: those it asked for, and those whose turn it is."""
        asked = [fault for fault in call.given_faults if fault.stage is stage]
        struck = asked + self.strike_line(stage, call.line, techniques)
        call.struck += [fault.name.value for fault in struck]
        return struck

    def strike_line(self, stage: Stage, line: str, techniques: Iterable[str] = ()) -> list[Fault]:
        """Return the standing faults that strike what this request line is about."""
        named = frozenset(techniques)
        matching = [rule for rule in self._rules if rule[1].stage is stage and rule[1].matches(line, named)]
        return [fault for number, fault in matching if self._takes_turn(number, fault)]

    def turn_of(self, fault: Fault) -> int:
        """Return how many times this standing fault has struck."""
        return next((struck for listed, _, struck in self.listed() if listed == fault), 0)

    def _takes_turn(self, number: int, fault: Fault) -> bool:
        row = self._database.row("SELECT seen, struck FROM faults WHERE id = ?", number)
        if row is None:
            return False
        turn = int(row["seen"]) + 1
        strikes = fault.strikes_at(turn, int(row["struck"]), f"{self._seed}:{number}:{fault.name}")
        self._database.write("UPDATE faults SET seen = ?, struck = struck + ? WHERE id = ?", turn, strikes, number)
        return strikes

    def _load(self) -> None:
        rows = self._database.rows("SELECT id, definition FROM faults ORDER BY id")
        self._rules = [(int(row["id"]), Fault.model_validate_json(row["definition"])) for row in rows]
