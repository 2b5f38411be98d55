"""A campaign of 24 rows with three steps, two refusals, one failure that passes and one picture that is none."""

import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from flora_sandbox.faults import Fault
from florist.campaigns.endings import CampaignResult

ROOT = Path(__file__).parents[2]
ROWS = 24
PIPELINE = """
name: captions
params: {packshot: {type: imageUrl}}
steps:
  caption: {technique: caption-writer, inputs: {image: "${params.packshot}"}}
  lines: {technique: headline-writer, inputs: {brief: "${steps.caption.output}"}}
  title: {technique: headline-writer, inputs: {brief: "A title for ${steps.lines.output}"}}
"""
FAULTS = (
    Fault(name="safety_blocked", technique="caption-writer", every=8, times=2),
    Fault(name="provider_error", technique="headline-writer", after=5, times=1),
)
BROKEN = "V-007"


def pictures(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the rows, each with a packshot of its own, one of which is no picture."""
    rows = {}
    for number in range(1, ROWS + 1):
        path = folder / f"packshot-{number}.png"
        shutil.copy(ROOT / "pipelines/samples/packshot.png", path)
        with path.open("ab") as file:
            file.write(bytes([number]))
        rows[f"V-{number:03}"] = {"packshot": str(path)}
    Path(rows[BROKEN]["packshot"]).write_bytes(b"a picture, or so its name says")
    return rows


def reasons(result: CampaignResult) -> dict[str, int]:
    """Return how often each reason stands among the gaps."""
    found: dict[str, int] = {}
    for gap in result.gaps:
        found[gap.reason] = found.get(gap.reason, 0) + 1
    return found


REASONS = {
    "safety_blocked": 2,
    "unusable_file": 1,
    "not_started: needs caption": 6,
}
CENTS = Decimal("0.01")
