"""Small pictures in a report: from any picture that is kept, never in the way of the report."""

import base64
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from florist.campaigns.endings import CampaignResult, KeptOutput, Made
from florist.ledger import How
from florist.stores.folder import FolderStore


def encoded(mode: str, kind: str, side: int = 900) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (side, side // 2), "tomato").save(out, kind)
    return out.getvalue()


def result_of(*files: str, row: str = "") -> CampaignResult:
    """Return a result whose only row has made these files."""
    outputs = tuple(KeptOutput(name, name, 1000) for name in files)
    made = Made(row, "still", How.NEW, "new", "", "run_1", Decimal(1), outputs)
    return CampaignResult("launch", {row: (made,)}, Decimal(1))


@pytest.mark.parametrize(
    ("mode", "kind", "name"),
    [("RGBA", "PNG", "a.png"), ("P", "GIF", "a.gif"), ("CMYK", "JPEG", "a.jpg"), ("L", "WEBP", "a.webp")],
)
async def test_preview_of_a_picture_is_small_and_needs_no_address(tmp_path: Path, mode: str, kind: str, name: str):
    from flows.tasks.previews import previews_of

    (tmp_path / name).write_bytes(encoded(mode, kind))
    (preview,) = await previews_of(FolderStore(tmp_path), result_of(name))
    head, _, data = preview.address.partition(",")
    with Image.open(io.BytesIO(base64.b64decode(data))) as drawn:
        assert (head, drawn.size, preview.label) == ("data:image/webp;base64", (240, 120), "still")
    assert len(data) < 20_000


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\nno more", b"<svg/>", None])
async def test_what_cannot_be_drawn_is_left_out(tmp_path: Path, data: bytes | None):
    from flows.tasks.previews import previews_of

    (tmp_path / "good.png").write_bytes(encoded("RGB", "PNG"))
    if data is not None:
        (tmp_path / "bad.png").write_bytes(data)
    assert len(await previews_of(FolderStore(tmp_path), result_of("bad.png", "good.png", "film.mp4"))) == 1


async def test_previews_are_one_for_each_row_and_a_dozen_at_most(tmp_path: Path):
    from flows.tasks.previews import PREVIEWS_AT_MOST, previews_of

    (tmp_path / "a.png").write_bytes(encoded("RGB", "PNG", 40))
    rows = {f"sku-{number}": result_of("a.png", "a.png", row=f"sku-{number}").rows for number in range(20)}
    many = CampaignResult("launch", {key: found[key] for key, found in rows.items()}, Decimal(20))
    labels = [preview.label for preview in await previews_of(FolderStore(tmp_path), many)]
    assert labels == [f"sku-{number}/still" for number in range(PREVIEWS_AT_MOST)]


async def test_without_pillow_there_are_none_and_the_report_can_say_so(tmp_path: Path, monkeypatch: Any):
    from flows.tasks import previews

    monkeypatch.setattr(previews, "Image", None)
    assert await previews.previews_of(FolderStore(tmp_path), result_of("a.png")) == []
    assert not previews.has_pillow()
