"""The flow shown in README runs, and started again pays for nothing."""

import re
from pathlib import Path

from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor

pytestmark = ON_A_FLOOR

PROGRAM = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)[1]


def test_flow_of_the_readme_started_twice_is_paid_once(floor: Floor, tmp_path: Path, monkeypatch, capsys):
    for name, value in floor.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "pipelines").symlink_to(ROOT / "pipelines")
    monkeypatch.chdir(tmp_path)
    exec(PROGRAM, {})
    exec(PROGRAM, {})
    first, again = [line for line in capsys.readouterr().out.splitlines() if line.startswith("0.12 campaigns/")]
    assert first == again
    assert floor.books.total.runs == 1
