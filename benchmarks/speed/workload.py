"""What is to be done: so many rows, each a chain of steps whose runs last a time drawn from the seed."""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Mode = Literal["replay", "duplicate"]


@dataclass(frozen=True)
class Workload:
    """One workload. The times of a run depend on the seed, its step and its row alone, not on who asks or when.

    Attributes:
        lost: share of the POSTs whose run is made and whose answer never arrives.
        bare_history: items of run history leave the outputs out, as they may.
    """

    rows: int = 50
    steps: int = 3
    seconds: float = 3.0
    jitter: float = 0.0
    post_seconds: float = 0.0
    lost: float = 0.0
    mode: Mode = "replay"
    bare_history: bool = False
    seed: int = 0

    @property
    def runs(self) -> int:
        return self.rows * self.steps

    @property
    def row_names(self) -> tuple[str, ...]:
        return tuple(f"row-{number:04}" for number in range(self.rows))

    @property
    def ideal(self) -> float:
        """Seconds of the longest row, if nothing but FLORA took time."""
        return max(
            sum(self.duration(step, row) + self.post_latency(step, row) for step in range(1, self.steps + 1))
            for row in self.row_names
        )

    def duration(self, step: int, row: str) -> float:
        return self.seconds * (1 + self.jitter * self._draw("duration", step, row).uniform(-1, 1))

    def post_latency(self, step: int, row: str) -> float:
        return self.post_seconds * (1 + 0.2 * self._draw("latency", step, row).uniform(-1, 1))

    def is_lost(self, step: int, row: str, post: int) -> bool:
        """Whether the answer to the n-th POST of this run is lost."""
        return self._draw(f"lost {post}", step, row).random() < self.lost

    def describe(self) -> str:
        what = f"{self.rows} rows x {self.steps} steps x {self.seconds:g} s"
        what += f" ±{self.jitter:.0%}" if self.jitter else ""
        what += f", POST {self.post_seconds:g} s" if self.post_seconds else ""
        what += f", {self.lost:.0%} of the answers lost" if self.lost else ""
        what += ", history without outputs" if self.bare_history else ""
        return f"{what}, {self.mode}, seed {self.seed}, ideal {self.ideal:.1f} s"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def write_pipeline(self, folder: Path) -> Path:
        """Write the pipeline that does this: a picture from the row's name, then each step from the one before."""
        file = folder / "speed.yaml"
        file.write_text("\n".join(self._yaml()))
        return file

    def _yaml(self) -> Iterator[str]:
        yield "name: speed\nparams:\n  name: {type: text}\nsteps:"
        for step in range(1, self.steps + 1):
            before = f', image: "${{steps.step-{step - 1}.output}}"' if step > 1 else ""
            yield f'  step-{step}:\n    technique: step-{step}\n    inputs: {{prompt: "${{params.name}}"{before}}}'
        yield ""

    def _draw(self, what: str, step: int, row: str) -> random.Random:
        return random.Random(f"{self.seed}:{what}:{step}:{row}")


def workload_of(text: str) -> Workload:
    """Return the workload that `to_json` wrote."""
    return Workload(**json.loads(text))
