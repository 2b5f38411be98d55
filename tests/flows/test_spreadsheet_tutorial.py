"""docs/tutorial/spreadsheet.md is walked, command by command, and answers as it shows."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.campaigns.budget import rules
from tests.flows.conftest import ON_A_FLOOR, ROOT
from tests.flows.told import answered, blocks_of, commands_in, differs, save_as_excel_does

pytestmark = ON_A_FLOOR

PAGE = ROOT / "docs/tutorial/spreadsheet.md"


class Terminal:
    """A person's two terminals: one that serves the sandbox, one to type in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sandbox: SandboxServer | None = None

    def serve(self, command: str) -> None:
        """Have the sandbox served as a command says; a second time on the same port, with the same data."""
        pairs = [word for word in shlex.split(command)[2:] if word != "--set"]
        settings = {name: json.loads(value) for name, value in (pair.split("=", 1) for pair in pairs)}
        port = self.port
        self.close()
        self._sandbox = SandboxServer(self._folder / "flora", Settings(duration_scale=0, port=port, **settings))
        self._sandbox.__enter__()

    def close(self) -> None:
        if self._sandbox:
            self._sandbox.__exit__(None, None, None)

    @property
    def port(self) -> int:
        """The sandbox's; 0 if there is none yet."""
        return (self._sandbox and urlsplit(self._sandbox.base_url).port) or 0

    @property
    def environment(self) -> dict[str, str]:
        assert self._sandbox
        return {"FLORA_BASE_URL": self._sandbox.base_url, "FLORA_API_KEY": self._sandbox.api_key}

    def type(self, command: str) -> str:
        return answered(command.replace(":8787", f":{self.port}"))


@pytest.fixture
def terminal(prefect_environment: dict[str, str], tmp_path: Path, monkeypatch) -> Iterator[Terminal]:
    for name, value in prefect_environment.items():
        monkeypatch.setenv(name, value)
    # What has left by then is in the ledger; the real time is waited for by the budget's own tests.
    monkeypatch.setattr(rules, "LOOK_LASTS", 0.2)
    monkeypatch.setattr(rules, "MARGIN", 0.1)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_spreadsheet_walk_answers_as_the_page_shows(terminal: Terminal, monkeypatch):
    said = ""
    for block in blocks_of(PAGE):
        match block.language:
            case "csv":
                save_as_excel_does(Path(block.title), block.text)
            case "yaml":
                name, _, at_its_end = block.title.partition(", ")
                with Path(name).open("a" if at_its_end else "w") as file:
                    file.write(block.text)
            case "text":
                assert not (difference := differs(block.text, said)), difference
            case "console":
                said = ""
                for command in commands_in(block):
                    if command.startswith("florist sandbox"):
                        terminal.serve(command)
                    elif command.startswith("export"):
                        for name, value in terminal.environment.items():
                            monkeypatch.setenv(name, value)
                    else:
                        said += terminal.type(command)
