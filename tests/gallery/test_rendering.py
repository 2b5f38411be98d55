"""The page: self-contained, small, and nothing of what it shows is markup."""

import json
import re
from datetime import UTC, datetime

import pytest

from florist.gallery import CellState, Review, Sheet, SheetCell, SheetMedia, SheetRow, render_sheet
from florist.gallery.derivatives import Derivatives
from florist.gallery.links import RelativeLinks, SignedLinks
from florist.gallery.sheet import SheetColumn, SheetInput

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> “עברית” 🌷 {{ 7 * 7 }} \u2028 ' \" &amp;"
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
SHA = "ab" * 32


def cell(row: str = "sku-1", **fields) -> SheetCell:
    return SheetCell.model_validate({"row": row, "cell": "still", "step": "still", "state": "kept", **fields})


def sheet(*cells: SheetCell, **fields) -> Sheet:
    rows = tuple(SheetRow(key=one.row, cells=(one,)) for one in cells)
    column = SheetColumn(cell="still", step="still")
    return Sheet(campaign="spring", archive="file:///a", read_at=NOON, rows=rows, columns=(column,), **fields)


def media(key: str = "campaigns/spring/sku-1/still/a-0.png", **fields) -> SheetMedia:
    given = {
        "index": 0,
        "output_id": "image",
        "key": key,
        "sha256": SHA,
        "size_bytes": 9,
        "media_type": "image/png",
    }
    return SheetMedia.model_validate({**given, **fields})


LINKS = RelativeLinks(Derivatives(previews=frozenset({SHA})), "../../")


def data_of(page: str):
    return json.loads(re.search(r'<script type="application/json" id="sheet-data">(.*?)</script>', page, re.S)[1])


def test_hostile_texts_are_no_markup_wherever_they_stand():
    one = cell(HOSTILE, message=HOSTILE, technique=HOSTILE, inputs=(SheetInput(id=HOSTILE, text=HOSTILE),))
    shown = sheet(one, ended=HOSTILE, notes=(HOSTILE,), pipeline=HOSTILE).model_copy(update={"campaign": HOSTILE})
    page = render_sheet(shown, links=LINKS)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "49" not in re.findall(r"<h1.*?</h1>", page, re.S)[0]
    assert data_of(page)["rows"][0][0] == HOSTILE


def test_lone_surrogate_reaches_the_page_as_it_is():
    page = render_sheet(sheet(cell("\udc80")), links=LINKS)
    page.encode()
    assert data_of(page)["rows"][0][0] == "\udc80"


def test_page_asks_for_nothing_but_what_it_shows():
    page = render_sheet(sheet(cell(media=(media(),))), links=LINKS)
    assert re.findall(r"<(?:link|script|img|iframe)[^>]+(?:src|href)=", page) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "img-src 'self'; media-src 'self'; connect-src 'none'" in policy
    assert "unsafe" not in policy


def test_policy_lets_in_the_store_that_signed_links_lead_to_and_no_other():
    links = SignedLinks({media().key: "https://s3.example/bucket/a.png?X-Amz-Signature=0"}, NOON)
    page = render_sheet(
        sheet(cell(media=(media(),))), links=links, review=Review("/campaigns/spring/picks", "Ada")
    )
    assert "img-src &#39;self&#39; https://s3.example; " in page
    assert "connect-src &#39;self&#39;" in page
    assert "pictures open until" in page


def original_of(page: str) -> str:
    """Put together what `static/data.js` puts together."""
    data = data_of(page)
    key, _, _, _, _, _, link, *_ = data["rows"][0][1][0][2][0]
    if isinstance(link, str):
        return link
    added = "" if link == 1 else data["texts"][link[0]] + link[1]
    return data["originals"][0] + key + data["originals"][1] + added


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.example/bucket/pre/campaigns/spring/sku-1/still/a-0.png?X-Amz-Expires=9&X-Amz-Signature=abc",
        "https://s3.example/elsewhere?key=1",
        "../../campaigns/spring/sku-1/still/a-0.png",
    ],
)
def test_link_is_the_same_once_it_is_unpacked(url):
    page = render_sheet(sheet(cell(media=(media(),))), links=SignedLinks({media().key: url}, None))
    assert original_of(page) == url


def test_thousand_rows_of_four_signed_cells_stay_below_three_megabytes():
    cells = []
    urls = {}
    for number in range(4000):
        key = f"campaigns/spring/sku-{number // 4:04d}/still-{number % 4}/{number:020d}-0.png"
        query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k%2F20270115&X-Amz-Signature={number:064d}"
        urls[key] = f"https://s3.example/bucket/{key}?{query}"
        prompts = (SheetInput(id="prompt", text=f"A bottle on marble, number {number}. " * 12),)
        output = media(key, sha256=f"{number:064x}")
        urls[f"derivatives/{number:064x}/preview.webp"] = (
            f"https://s3.example/bucket/derivatives/{number:064x}/preview.webp?{query}"
        )
        cells.append(cell(f"sku-{number // 4:04d}", media=(output,), run_id=f"run_{number:020d}", inputs=prompts))
    page = render_sheet(sheet(*cells), links=SignedLinks(urls, NOON))
    assert len(page.encode()) < 3_000_000


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [
        ("image/svg+xml", "picture"),
        ("application/pdf", "document"),
        ("application/zip", "document"),
        ("text/html", "document"),
        ("audio/mpeg", "sound"),
    ],
)
def test_kind_of_an_output_says_how_it_is_shown(media_type, shown):
    assert media(media_type=media_type).media_class == shown


def test_totals_of_a_sheet_count_its_cells():
    page = render_sheet(sheet(cell(), cell("sku-2", state=CellState.GAP)), links=LINKS)
    assert re.search(r"Rows complete</dt><dd>1<small> of 2", page)
    assert re.search(r"Missing</dt><dd>1<", page)
