"""What one system took for one workload, and the table of all of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.speed.workload import Workload

LATE = (0.5, 0.95)
_HEADS = (
    *("system", "wall s", "/ideal", "/plain", "CPU ms/run", "server", "GETs", "POSTs", "charged", "kept"),
    *("seen p50", "p95", "kept p50", "p95", "calls/run", "MiB"),
)


@dataclass(frozen=True)
class Figures:
    """One line of the table.

    Attributes:
        cpu_ms, server_cpu_ms: milliseconds a run, of the process that works and of Prefect's server.
        gets: GETs of FLORA's API, the media left out.
        seen_late, kept_late: seconds from a run's end at FLORA until that is known, and until all of it is kept,
            the median and the 95th percentile.
        store_calls, s3_calls: calls a run, by kind; the check at the start is among them.
    """

    system: str
    wall: float
    to_ideal: float
    to_plain: float | None
    cpu_ms: float
    server_cpu_ms: float | None
    gets: int
    posts: int
    needed: int
    charged: int
    lost_answers: int
    kept: int
    seen_late: tuple[float, float]
    kept_late: tuple[float, float]
    resident_mib: float
    store_calls: Mapping[str, float]
    s3_calls: Mapping[str, float]
    error: str

    @property
    def calls(self) -> float:
        """How many calls a run asks of the store."""
        return sum((self.s3_calls or self.store_calls).values())

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "calls": self.calls}


def figures_of(
    system: str,
    work: Workload,
    measured: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    server_cpu: float | None,
    plain_wall: float | None,
) -> Figures:
    """Return the line of a system from what its worker and the imitation say."""
    requests = report["requests"]
    kept = [run_id for run_id in measured["kept_at"] if run_id in report["ends"]]
    return Figures(
        system=system,
        wall=measured["wall"],
        to_ideal=measured["wall"] / work.ideal,
        to_plain=measured["wall"] / plain_wall if plain_wall else None,
        cpu_ms=1000 * measured["cpu"] / work.runs,
        server_cpu_ms=None if server_cpu is None else 1000 * server_cpu / work.runs,
        gets=sum(n for name, n in requests.items() if name.startswith("GET") and name != "GET media"),
        posts=requests.get("POST run", 0),
        needed=work.runs,
        charged=report["charged"],
        lost_answers=report["lost"],
        kept=len(kept),
        seen_late=_late(measured["seen_at"], report["ends"]),
        kept_late=_late(measured["kept_at"], report["ends"]),
        resident_mib=measured["resident_mib"],
        store_calls={name: count / work.runs for name, count in sorted(measured["store_calls"].items())},
        s3_calls={name: count / work.runs for name, count in sorted(measured["s3_calls"].items())},
        error=measured["error"],
    )


def table(lines: Sequence[Figures]) -> str:
    """Return the table, and below it the store calls by kind."""
    rows = [_HEADS, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    text = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    for line in lines:
        for name, calls in (("store", line.store_calls), ("S3", line.s3_calls)):
            if calls:
                shown = ", ".join(f"{kind} {count:.2f}" for kind, count in calls.items())
                text.append(f"{line.system}, {name} calls a run: {shown}")
        if line.error:
            text.append(f"{line.system} FAILED: {line.error}")
    return "\n".join(text)


def _cells(line: Figures) -> tuple[str, ...]:
    return (
        line.system,
        f"{line.wall:.1f}",
        f"{line.to_ideal:.2f}",
        "" if line.to_plain is None else f"{line.to_plain:.2f}",
        f"{line.cpu_ms:.0f}",
        "" if line.server_cpu_ms is None else f"{line.server_cpu_ms:.0f}",
        str(line.gets),
        str(line.posts),
        f"{line.charged}/{line.needed}",
        str(line.kept),
        *(f"{late:.2f}" for late in line.seen_late),
        *(f"{late:.2f}" for late in line.kept_late),
        f"{line.calls:.2f}",
        f"{line.resident_mib:.0f}",
    )


def _late(at: Mapping[str, float], ends: Mapping[str, float]) -> tuple[float, float]:
    late = sorted(moment - ends[run_id] for run_id, moment in at.items() if run_id in ends)
    return (_quantile(late, LATE[0]), _quantile(late, LATE[1])) if late else (math.nan, math.nan)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
