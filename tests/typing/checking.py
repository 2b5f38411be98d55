"""Runs a type checker over the two files of uses: those that are right, and those that are not."""

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RIGHT, WRONG = HERE / "right.py", HERE / "wrong.py"
LINES = enumerate(WRONG.read_text().splitlines(), start=1)
MARKED = {at for at, line in LINES if "# WRONG" in line}


def errors(*checker: str) -> list[tuple[str, int]]:
    """What a type checker finds in both files: name and line of each error."""
    ended = subprocess.run(
        [*checker, str(RIGHT), str(WRONG)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = re.findall(r"(\w+\.py):(\d+)(?::\d+)?(?::| -) error", ended.stdout)
    assert found, ended.stdout + ended.stderr
    return [(name, int(line)) for name, line in found]
