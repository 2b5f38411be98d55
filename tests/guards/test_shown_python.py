"""The Python shown in README, docs/api.md and docs/archive.md runs, against the sandbox.

What docs/client.md and docs/sandbox.md show is run beside the tests of it; README's flow in tests/flows.
"""

import ast
import re
from inspect import isawaitable
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.api.models import InputValue, Run

ROOT = Path(__file__).resolve().parents[2]


def shown(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """A sandbox whose runs take no time, and a folder to work in that looks like the checkout."""
    with SandboxServer(tmp_path / "flora", Settings(duration_scale=0)) as server:
        monkeypatch.setenv("FLORA_API_KEY", server.api_key)
        monkeypatch.setenv("FLORA_BASE_URL", server.base_url)
        (tmp_path / "pipelines").symlink_to(ROOT / "pipelines")
        monkeypatch.chdir(tmp_path)
        yield server


def test_client_of_the_readme_saves_a_picture(sandbox, tmp_path):
    program, _ = shown("README.md")
    exec(program, {})
    [picture] = (tmp_path / "out").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_program_of_the_api_page_runs_a_technique(sandbox, capsys):
    (program,) = shown("docs/api.md")
    exec(program.replace("http://127.0.0.1:8787/api/v1", sandbox.base_url), {})
    assert "0.01" in capsys.readouterr().out


async def test_pieces_of_the_archive_page_keep_a_run(sandbox, tmp_path):
    (piece,) = shown("docs/archive.md")
    names = {"run": await headlines(sandbox)}
    code = compile(
        piece.replace("s3://my-bucket/florist", str(tmp_path / "kept")), "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    )
    made = eval(code, names)
    if isawaitable(made):
        await made
    assert [(tmp_path / "kept" / output.key).is_file() for output in names["manifest"].outputs] == [True]


async def headlines(sandbox: SandboxServer) -> Run:
    async with FloraAPI(api_key=sandbox.api_key, base_url=sandbox.base_url) as api:
        brief = InputValue(id="brief", type="text", value="Spring flowers")
        started = await api.techniques.runs.create("headline-writer", inputs=[brief])
        return await api.watcher.wait(started.run_id, technique="headline-writer")
