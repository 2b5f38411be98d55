"""What needs time, kills or big files is a drill, and all drills are in tests/drills."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DRILLS = TESTS / "drills"
GUARDS_OF_DRILLS = DRILLS / "ledger/test_points.py"


def test_drills_are_nowhere_but_in_their_folder():
    elsewhere = [path for path in TESTS.rglob("test_*.py") if not path.is_relative_to(DRILLS)]
    assert [path.name for path in elsewhere if "pytest.mark." + "drill" in path.read_text()] == []


def test_every_file_of_drills_says_which_the_suite_runs():
    texts = {path.name: path.read_text() for path in DRILLS.rglob("test_*.py") if path != GUARDS_OF_DRILLS}
    assert [name for name, text in texts.items() if not re.search(r"mark\.(short_)?drill\b", text)] == []
