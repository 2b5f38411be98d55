"""A desk where somebody types `florist …`: a sandbox, a folder, and no Prefect server anywhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flora_sandbox.books import Books
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Desk:
    """What a person has before them."""

    sandbox: SandboxServer
    folder: Path
    capsys: pytest.CaptureFixture[str]
    written: list[Path] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def books(self) -> Books:
        return self.sandbox.books()

    def pipeline(self, text: str) -> Path:
        """Return a file of these steps."""
        path = self.folder / f"pipeline-{len(self.written)}.yaml"
        path.write_text(text)
        self.written.append(path)
        return path

    def florist(self, *words: object) -> tuple[int, str]:
        """Run a command in this process; returns its exit code and what it said."""
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = self.capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    def started(self, *words: object, merged: bool = False) -> subprocess.Popen[str]:
        """Start a command in a process of its own, in the desk's folder."""
        process = subprocess.Popen(
            [sys.executable, "-m", "florist.cli", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.processes.append(process)
        return process

    def cleared(self) -> None:
        """End what was started and is still running."""
        for process in self.processes:
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def desk_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **settings: object
) -> Iterator[Desk]:
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(folder / "no-profiles.toml"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with SandboxServer(folder / "sandbox", Settings.model_validate(settings)) as sandbox:
        monkeypatch.setenv("FLORA_API_KEY", sandbox.api_key)
        monkeypatch.setenv("FLORA_BASE_URL", sandbox.base_url)
        desk = Desk(sandbox, folder, capsys)
        yield desk
        desk.cleared()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """A desk where runs take no time."""
    yield from desk_in(tmp_path, monkeypatch, capsys, duration_scale=0)


@pytest.fixture
def still_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A desk where FLORA's time stands still: no run ends before the clock is moved."""
    yield from desk_in(tmp_path, monkeypatch, capsys, frozen_at=1_800_000_000.0)
