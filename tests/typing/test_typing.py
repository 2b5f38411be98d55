"""Type checkers see the public names as we mean them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_uses_type_check_under_mypy_where_they_are_right_alone():
    found = errors(sys.executable, "-m", "mypy")  # strict, and with the cache of `make lint`
    assert [line for name, line in found if name == RIGHT.name] == []
    assert {line for name, line in found if name == WRONG.name} == MARKED


@pytest.mark.drill
@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not installed: pip install pyright")
def test_uses_type_check_under_pyright_where_they_are_right_alone():
    found = errors("pyright", "--pythonpath", sys.executable)
    assert [line for name, line in found if name == RIGHT.name] == []
    assert {line for name, line in found if name == WRONG.name} == MARKED
