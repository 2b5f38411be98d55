"""The page in Chromium: from disk, from an S3 server, and with reviewers; nothing is asked of another host."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from florist.gallery import Review, read_sheet, render_sheet
from florist.gallery.derivatives import Derivatives, make_derivatives
from florist.gallery.keeping import keep_sheet
from florist.gallery.links import RelativeLinks, signed_links
from florist.gallery.sheet import Sheet, SheetGate
from florist.stores.folder import FolderStore
from florist.stores.store import Store
from tests.browsers import needs_chromium
from tests.gallery.conftest import in_own_thread
from tests.gallery.imagined import Content, Imagined, film, prompt, still
from tests.gallery.review_server import ReviewServer, review_server

pytestmark = [needs_chromium, pytest.mark.xdist_group("browser")]

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> עברית 🌷 \u202egnp.exe"
SHOWN = HOSTILE.replace("\u202e", "�")  # or it would read as "exe.png"
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<script>alert(1)</script><rect width="40" height="40"/></svg>"""


def kept(store: FolderStore, campaign: str, against: str = "") -> Path:
    async def keep() -> str:
        return await keep_sheet(store, await read_sheet(store, campaign, against=against))

    return store.path / in_own_thread(keep)


@pytest.fixture(scope="module")
def spring(archive: FolderStore) -> Path:
    return kept(archive, "spring")


@pytest.fixture(scope="module")
def autumn(archive: FolderStore) -> Path:
    return kept(archive, "autumn")


def shown_rows(page: Any) -> list[str]:
    return page.locator(".row:visible .key").all_inner_texts()


def loaded(page: Any, selector: str) -> bool:
    page.wait_for_function(
        "s => [...document.querySelectorAll(s)].some(i => i.complete && i.naturalWidth)", arg=selector
    )
    return True


def drawn(page: Any) -> bool:
    """Wait for a picture of the grid with more than one colour, as the window shows it."""
    page.wait_for_selector(".tile.is-picture canvas")
    with Image.open(BytesIO(page.locator(".tile.is-picture").first.screenshot())) as shot:
        return len(shot.convert("RGB").getcolors(1 << 24)) > 100


def test_sheet_from_disk_shows_its_pictures_and_asks_nothing_of_any_host(spring, sheet_page):
    page = sheet_page.open(spring)
    assert drawn(page)
    assert shown_rows(page) == ["tulip-001", "rose-002", "peony-003"]
    assert (sheet_page.hosts(), sheet_page.complaints) == ({""}, [])


def test_search_and_filter_leave_the_rows_that_match(autumn, sheet_page):
    page = sheet_page.open(autumn)
    page.fill("#search", "SAFETY_blocked")
    assert shown_rows(page) == ["rose-002", "dahlia-005"]
    page.fill("#search", "")
    page.click("#chips .is-waiting")
    assert shown_rows(page) == ["iris-004"]


def test_rows_are_sorted_as_asked(autumn, sheet_page):
    page = sheet_page.open(autumn)
    page.select_option("#sort", "name")
    assert shown_rows(page) == sorted(shown_rows(page))


def test_film_plays_where_it_stands(spring, sheet_page):
    page = sheet_page.open(spring)
    page.click(".tile.is-film .play")
    page.wait_for_function("() => document.querySelector('.tile video').currentTime > 0.1")
    assert sheet_page.complaints == []


def test_picture_is_zoomed_and_the_next_one_is_an_arrow_away(spring, sheet_page):
    page = sheet_page.open(spring)
    page.keyboard.press("Enter")
    assert loaded(page, ".pswp__img:not(.pswp__img--placeholder)")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.pswp__words').textContent.includes('still@v2')")
    page.keyboard.press("Escape")
    page.wait_for_selector(".pswp", state="detached")
    page.wait_for_function("() => document.activeElement.ariaLabel?.includes('still@v2')")
    assert sheet_page.complaints == []


def test_details_lead_from_a_film_to_its_still_and_on(spring, sheet_page):
    page = sheet_page.open(spring)
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "i"):
        page.keyboard.press(key)
    page.click("#details .input .relative")
    assert "tulip-001 › still" in page.inner_text("#details-title")
    assert "The tulip bottle on" in page.inner_text("#details .prompt")
    assert page.locator("#details .relatives .relative").count() == 3


def test_details_in_a_file_give_the_command_that_makes_another_take(spring, archive, sheet_page):
    page = sheet_page.open(spring)
    page.keyboard.press("i")
    page.get_by_label("With this prompt").fill("It's late")
    page.get_by_label("How many more").fill("2")
    text = """'prompt=It'"'"'s late'"""
    command = f"florist take spring tulip-001 still --more 2 --param {text} --archive {archive.location}"
    assert page.inner_text(".take-answer .copy") == command


def test_gap_says_what_to_do_with_the_command_as_code(autumn, sheet_page):
    page = sheet_page.open(autumn)
    assert page.locator(".is-failed .advice code").first.inner_text() == "florist rerun autumn --only failed"


def test_other_campaign_stands_beneath_each_row_and_is_compared(archive, sheet_page):
    page = sheet_page.open(kept(archive, "spring", "autumn"))
    assert page.locator(".strip.is-against").count() == 3
    page.keyboard.press("c")
    assert page.locator("#compare .pane").count() == 2


def test_compared_pictures_are_zoomed_in_step(spring, sheet_page):
    page = sheet_page.open(spring)
    for key in (" ", "ArrowRight", " ", "c", "+"):
        page.keyboard.press(key)
    places = page.eval_on_selector_all("#compare img", "images => images.map(i => i.style.transform)")
    assert places == ["translate(0%, 0%) scale(1.5)"] * 2
    assert sheet_page.complaints == []


def test_hostile_names_and_files_are_shown_as_text_and_run_nothing(tmp_path, sheet_page):
    store = FolderStore(tmp_path / "archive")

    async def make() -> None:
        imagined = Imagined(store, HOSTILE)
        texts = Content(HOSTILE.encode(), "text/plain", HOSTILE, "text")
        drawing = Content(SVG, "image/svg+xml", HOSTILE)
        await imagined.keep(HOSTILE, "still", drawing, texts, inputs=[prompt(HOSTILE)], technique=HOSTILE)

    in_own_thread(make)
    page = sheet_page.open(kept(store, HOSTILE))
    page.keyboard.press("i")
    places = ("h1", ".key", "#details .prompt", "#details .shown .text", "#details dd:first-of-type")
    assert [page.inner_text(place) for place in places] == [SHOWN] * 5
    assert page.locator("svg").count() == 0
    assert loaded(page, "#details .shown img")
    assert sheet_page.complaints == []


def gated(sheet: Sheet, most: int = 1) -> Sheet:
    gate = SheetGate(step="still", pick_min=1, pick_max=most)
    return sheet.model_copy(update={"rows": tuple(row.model_copy(update={"gate": gate}) for row in sheet.rows)})


def gated_page(archive: FolderStore, *, review: Review | None = None, most: int = 1) -> str:
    sheet = in_own_thread(lambda: read_sheet(archive, "spring"))
    return render_sheet(gated(sheet, most), links=RelativeLinks(Derivatives()), review=review)


def test_keyboard_picks_are_downloaded_as_a_file(archive, sheet_page):
    path = archive.path / "picking.html"
    path.write_text(gated_page(archive))
    page = sheet_page.open(path)
    for key in ("p", "x", "4", "u"):  # the last takes the stars back
        page.keyboard.press(key)
    page.click("#download")
    page.fill("#picks-by", "Ada")
    with page.expect_download() as download:
        page.click("#message .is-main")
    told = json.loads(Path(download.value.path()).read_text())
    assert (told["florist_picks"], told["campaign"], told["by"]) == (1, "spring", "Ada")
    assert all(pick["run_id"].startswith("run_") for pick in told["picks"])
    assert [(pick["row"], pick["cell"], pick["verdict"], pick["stars"]) for pick in told["picks"]] == [
        ("tulip-001", "still", "picked", 0),
        ("rose-002", "still", "rejected", 0),
        ("rose-002", "still@v2", "open", 0),
    ]
    assert sheet_page.complaints == []


def test_picks_of_a_file_outlive_its_closing(archive, sheet_page):
    path = archive.path / "kept.html"
    path.write_text(gated_page(archive))
    sheet_page.open(path).keyboard.press("p")
    sheet_page.page.wait_for_selector(".cell.is-picked")
    for _ in range(10):  # a browser writes to its disk in its own time
        page = sheet_page.open(path)
        if page.locator(".cell.is-picked").count():
            break
    assert "1 of 3 rows" in page.inner_text("#picking")


def test_no_more_is_picked_than_the_gate_takes(archive, sheet_page):
    path = archive.path / "most.html"
    path.write_text(gated_page(archive))
    page = sheet_page.open(path)
    for key in ("p", "ArrowUp", "ArrowRight", "p"):
        page.keyboard.press(key)
    assert page.locator(".cell.is-picked").count() == 1
    assert "At most 1 of tulip-001" in page.inner_text("#status")


@pytest.fixture
def review(archive) -> Any:
    with review_server() as server:
        server.page = gated_page(archive, review=Review("picks", "Ada"))
        yield server


def wait_for_posts(page: Any, review: ReviewServer, count: int) -> None:
    for _ in range(500):
        if len(review.posted) >= count:
            return
        page.wait_for_timeout(20)
    pytest.fail(f"{len(review.posted)} of {count} picks were posted")


def test_picks_are_posted_one_after_another(review, sheet_page):
    page = sheet_page.open(f"{review.address}/campaigns/spring/")
    for key in ("p", "p", "x"):
        page.keyboard.press(key)
    wait_for_posts(page, review, 3)
    assert [(pick["row"], pick["verdict"]) for pick in review.posted] == [
        ("tulip-001", "picked"),
        ("rose-002", "picked"),
        ("peony-003", "rejected"),
    ]
    assert set(review.headers) == {"1"}


def test_change_of_a_pick_that_was_sent_on_shows_its_price_and_is_asked_for(review, sheet_page):
    stands = {"cell": "still", "verdict": "picked", "stars": 0, "note": "", "by": "Bo", "spent": True}
    review.refusals["still"] = 409, {"problem": "its film was sent", "price_usd": "0.60", "cell": stands}
    page = sheet_page.open(f"{review.address}/campaigns/spring/")
    page.keyboard.press("x")
    page.wait_for_selector("#message[open]")
    assert "$0.60 more" in page.inner_text("#message")
    page.click("#message .is-main")
    wait_for_posts(page, review, 1)
    assert [(pick["verdict"], pick["confirm_usd"]) for pick in review.posted] == [("rejected", "0.60")]


OUT_OF_THE_NOTE = "() => !document.querySelector('#message textarea:focus')"


def test_note_that_esc_puts_aside_is_there_when_it_is_gone_on_with(review, sheet_page):
    page = sheet_page.open(f"{review.address}/campaigns/spring/")
    for words, ending in [("warmer", "Escape"), (", please", "Escape"), ("!", "Enter")]:
        page.keyboard.press("n")
        page.keyboard.press("End")
        page.keyboard.type(words)
        page.keyboard.press(ending)
        page.wait_for_function(OUT_OF_THE_NOTE)
    wait_for_posts(page, review, 1)
    page.keyboard.press("n")
    page.keyboard.type("?")
    page.get_by_role("button", name="Leave it").click()
    page.wait_for_function(OUT_OF_THE_NOTE)
    page.keyboard.press("n")
    assert page.get_by_role("textbox", name="Note").input_value() == "warmer, please!"
    assert [pick["note"] for pick in review.posted] == ["warmer, please!"]


def test_pick_that_is_refused_does_not_stand(review, sheet_page):
    review.refusals["still"] = 422, {"problem": "the row is gone"}
    page = sheet_page.open(f"{review.address}/campaigns/spring/")
    page.keyboard.press("p")
    page.wait_for_function("() => document.getElementById('status').textContent.includes('the row is gone')")
    assert page.locator(".cell.is-picked").count() == 0


def test_another_reviewer_s_pick_is_seen(review, sheet_page):
    picked = {"cell": "still@v2", "verdict": "picked", "stars": 5, "note": "", "by": "Bo"}
    review.rows = {"rose-002": {"gate": None, "cells": {"still@v2": picked}}}
    page = sheet_page.open(f"{review.address}/campaigns/spring/")
    page.wait_for_selector(".cell.is-picked")
    assert "rose-002 › still@v2" in page.get_attribute(".cell.is-picked", "aria-label")


def test_all_that_have_one_are_approved_at_once(review, archive, sheet_page):
    sheet = in_own_thread(lambda: read_sheet(archive, "spring"))
    first, *others = sheet.rows
    single = [row.model_copy(update={"cells": row.cells[:1]}) for row in others]
    shown = gated(sheet.model_copy(update={"rows": (first, *single)}))
    review.page = render_sheet(shown, links=RelativeLinks(Derivatives()), review=Review("picks", "Ada"))
    page = sheet_page.open(f"{review.address}/campaigns/spring/")
    page.click("text=Approve all that have one")
    page.click("#message .is-main")
    wait_for_posts(page, review, 2)
    assert {pick["row"] for pick in review.posted} == {"rose-002", "peony-003"}


@pytest.mark.parametrize(
    ("scheme", "width", "key"), [("light", 1400, ""), ("dark", 390, ""), ("light", 390, "i"), ("dark", 1400, "?")]
)
def test_axe_finds_no_fault(archive, browser, scheme, width, key):
    from axe_playwright_python.sync_playwright import Axe

    path = archive.path / "axe.html"
    sheet = in_own_thread(lambda: read_sheet(archive, "autumn"))
    path.write_text(render_sheet(gated(sheet), links=RelativeLinks(Derivatives())))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(path.as_uri())
    if key:
        page.keyboard.press(key)
    found = Axe().run(page).response["violations"]
    context.close()
    assert [(fault["id"], fault["impact"], fault["nodes"][0]["html"][:120]) for fault in found] == []


def test_sheet_of_an_s3_server_shows_its_pictures_and_plays_its_films(seaweedfs_http, tmp_path, sheet_page):
    store: Store = seaweedfs_http.store()

    async def make() -> str:
        imagined = Imagined(store)
        picture = still("marble studio", seed=0)
        await imagined.keep("tulip & rose", "still", picture)
        await imagined.keep("tulip & rose", "film", film(picture), of="still")
        sheet = await read_sheet(store, "spring")
        links = await signed_links(store, sheet, await make_derivatives(store, sheet))
        return render_sheet(sheet, links=links)

    path = tmp_path / "sheet.html"
    path.write_text(in_own_thread(make))
    page = sheet_page.open(path)
    assert drawn(page)
    page.click(".tile.is-film .play")
    page.wait_for_function("() => document.querySelector('.tile video').currentTime > 0.1")
    assert len(sheet_page.hosts() - {""}) == 1
    assert sheet_page.complaints == []
