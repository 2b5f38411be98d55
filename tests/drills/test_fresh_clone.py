"""`make demo` in a fresh clone, with nothing of this machine's environment but the path."""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]


def made(*command: str, cwd: Path, home: Path) -> tuple[str, float]:
    """Run a command as a stranger would; returns what it said and the seconds it took."""
    began = time.monotonic()
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr, time.monotonic() - began


def processes_of(folder: Path) -> list[str]:
    """Command lines of what still runs from the folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(folder) in command:
            found.append(command)
    return found


def kinds_in(sheet: str) -> set[str]:
    """Return of what kind the outputs are that a contact sheet shows."""
    found = re.search(r'id="sheet-data">(.*?)</script>', Path(unquote(sheet)).read_text())
    assert found
    rows = json.loads(found[1])["rows"]
    return {media[1] for _, cells, *_ in rows for cell in cells for media in cell[2]}


@pytest.mark.drill
def test_make_demo_in_a_fresh_clone_makes_media_and_leaves_nothing_running(tmp_path: Path) -> None:
    # The index keeps packages under the home; a clone's visitor has them to download once.
    home = Path.home()
    made("git", "clone", "--quiet", str(ROOT), "clone", cwd=tmp_path, home=home)
    clone = tmp_path / "clone"
    _, installing = made("make", ".venv/.installed", cwd=clone, home=home)
    said, seconds = made("make", "demo", cwd=clone, home=home)
    kept = sorted(path.suffix for path in (clone / "demo/outputs").rglob("*") if path.suffix)
    print(f"\ninstalled in {installing:.0f} s, demo in {seconds:.1f} s, kept {kept}\n{said}")  # noqa: T201
    assert {".png", ".txt", ".mp4"} <= set(kept)
    assert kinds_in(re.findall(r"as a page: file://(\S+)", said)[-1]) == {"picture", "text", "film", "document"}
    assert processes_of(clone) == []
