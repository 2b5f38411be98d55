"""Every code block of docs/client.md is run, in its order."""

import ast
import asyncio
import re
import shutil
from inspect import isawaitable
from pathlib import Path

from tests.client.conftest import PACKSHOT

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/client.md").read_text(), re.S)

LAUNCH = """
name: launch
params: {packshot: {type: imageUrl}}
steps:
  still: {technique: styled-product-still, inputs: {product_image: "${params.packshot}"}}
  caption: {technique: caption-writer, inputs: {image: "${steps.still.output}"}}
"""


async def test_code_blocks_run_and_keep_what_they_say(flora, sandbox, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PACKSHOT, tmp_path)
    (tmp_path / "launch.yaml").write_text(LAUNCH)
    program, *pieces = BLOCKS
    await asyncio.to_thread(exec, program, {"__name__": "__main__"})
    assert len(list((tmp_path / "out").iterdir())) == 1
    names = {"flora": flora}
    for piece in pieces:
        result = eval(compile(piece, "docs/client.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if isawaitable(result):
            await result
    assert len(pieces) == 9
    assert "safety_blocked" in capsys.readouterr().out
    headlines = sandbox.books().by_technique["tech_headlines01"]
    assert headlines.charged == 2  # by `flora.start`, and once by the studio
