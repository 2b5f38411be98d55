"""The Python that docs/gallery.md shows makes a page."""

import ast
from pathlib import Path

from florist.stores.folder import FolderStore
from tests.flows.told import blocks_of
from tests.gallery.imagined import Imagined, written

PAGE = Path(__file__).parents[2] / "docs/gallery.md"


async def test_code_of_the_page_renders_a_sheet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await Imagined(FolderStore("florist-archive")).keep("sku-1", "caption", written("Say hello"))
    [block] = [block for block in blocks_of(PAGE) if block.language == "python"]
    names: dict[str, object] = {}
    await eval(compile(block.text, "gallery.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    assert "Say hello" in str(names["page"])
