"""The pages in a browser: cards are filled, a dropped picture becomes an address, nothing is loaded from afar."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from tests.browsers import needs_chromium, open_browser
from tests.serving.world import HOSTILE, TOKENS

pytestmark = [needs_chromium, pytest.mark.xdist_group("browser")]

ADA = next(iter(TOKENS.values()))
DROP = """async () => {
  const canvas = new OffscreenCanvas(8, 8);
  canvas.getContext("2d").fillRect(0, 0, 8, 8);
  const given = new DataTransfer();
  given.items.add(new File([await canvas.convertToBlob()], "<img src=x onerror=alert(1)>.png"));
  given.items.add(new File(["<svg xmlns='http://www.w3.org/2000/svg'/>"], "logo.png"));
  dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as found:
        yield found


@contextmanager
def visiting(browser: Any, base_url: str) -> Iterator[Any]:
    """Open a reviewer's page; whatever it complains of, or asks of another host, fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{base_url}/?token={ADA}")
    yield page
    context.close()
    ours = (base_url, base_url.replace("127.0.0.1", "localhost"), "blob:")
    assert [url for url in asked if not url.startswith(ours)] == []
    assert [words for words in said if not re.search("409|422", words)] == []


@pytest.fixture
def visit(browser, spring) -> Iterator[Any]:
    with visiting(browser, spring.base_url) as page:
        yield page


def faults(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def test_first_page_fills_its_cards_with_pictures_and_bars(visit, spring):
    visit.wait_for_selector(".card:nth-child(2) .nights rect")
    visit.wait_for_function("() => [...document.querySelectorAll('.strip img')].some(each => each.naturalWidth)")
    assert visit.url == f"{spring.base_url}/"
    assert HOSTILE.replace("\u202e", "�") in visit.locator("h2 bdi").all_text_contents()
    assert visit.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(visit) == []


def test_picture_that_is_dropped_becomes_an_address_and_what_is_none_says_so(visit, spring):
    visit.goto(f"{spring.base_url}/uploads")
    visit.evaluate(DROP)
    visit.wait_for_selector(".is-bad")
    address = visit.locator(".address").text_content()
    assert spring.ada.get(f"/uploads/{address.removeprefix('upload:')}").headers["content-type"] == "image/png"
    visit.wait_for_function("() => document.querySelector('.thumb img').naturalWidth == 8")
    assert visit.locator(".name").all_text_contents() == ["logo.png", "<img src=x onerror=alert(1)>.png"]
    assert "svg" in visit.locator(".is-bad .quiet").text_content()
    assert faults(visit) == []


def test_link_of_another_site_leads_to_the_page_though_the_cookie_is_kept_back(visit, spring):
    elsewhere = spring.base_url.replace("127.0.0.1", "localhost")
    visit.goto(f"{elsewhere}/static/icon.svg")
    visit.evaluate(f"location.href = '{spring.base_url}/uploads?a=1'")
    visit.wait_for_selector("#drop")
    assert visit.url == f"{spring.base_url}/uploads?a=1"


def test_sheet_shows_its_pictures_and_a_pick_by_key_stands_in_the_reviewer_s_name(visit, spring):
    visit.goto(f"{spring.base_url}/campaigns/{quote(HOSTILE, safe='')}/")
    shown = (
        "[...document.querySelectorAll('.tile img, .tile canvas')].some(each => each.naturalWidth || each.width)"
    )
    visit.wait_for_function(f"() => {shown}")
    with visit.expect_response(lambda answer: answer.request.method == "POST") as posted:
        visit.keyboard.press("p")
    assert posted.value.status == 200
    [row] = spring.bob.get(f"/campaigns/{quote(HOSTILE)}/picks").json()["rows"].values()
    assert {cell["by"] for cell in row["cells"].values()} == {"Ada <b>Lovelace</b>"}


def test_take_is_ordered_at_the_price_that_is_shown_and_stands_in_the_sheet_until_it_is_made(
    browser, counter, shop
):
    before = shop.runs_charged
    with visiting(browser, counter.base_url) as page:
        page.click("h2 a")
        page.wait_for_selector("html[data-ready]")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("i")
        prompt = page.get_by_label("With this prompt")
        assert prompt.input_value() == "a red barn"
        prompt.fill("a <b>white</b> barn, x p")
        page.get_by_role("button", name="Show the price").click()
        assert page.locator(".take-answer bdi").text_content() == "still@v2"
        assert faults(page) == []
        counter.bob.post("/campaigns/spring/takes", json=order_of_the_next(counter.bob))
        page.locator(".take-answer .is-main").click()
        page.wait_for_selector(".take-answer .is-bad")
        page.get_by_role("button", name="Order for $0.08").click()
        page.get_by_role("button", name="Show it in the sheet").click()
        page.wait_for_selector(".cell.is-ordered")
        assert [ordered_by(page, number) for number in (0, 1)] == ["by Bob", "by Ada <b>Lovelace</b>"]
        page.get_by_role("link", name="All campaigns").click()
        page.wait_for_selector(".card")
    assert shop.runs_charged == before
    written = [path.read_text() for path in (shop.store.path / "takes").rglob("*.json")]
    assert sum("a <b>white</b> barn, x p" in text for text in written) == 1


def ordered_by(page: Any, number: int) -> str:
    """Return who ordered one of the takes that are still to be made, as its details tell."""
    page.locator(".cell.is-ordered").nth(number).click()
    told: str = page.locator("#details dt:text-is('Ordered') + dd").text_content()
    page.keyboard.press("Escape")
    return told.partition(",")[0]


def order_of_the_next(client: Any) -> dict[str, Any]:
    body = {"row": "sku-1", "cell": "still"}
    offer = client.post("/campaigns/spring/takes", json=body).json()
    return {**body, "confirm_usd": offer["price_usd"], "cells": offer["cells"]}


def test_two_reviewers_on_one_row_see_what_both_have_said(visit, spring):
    sheet = f"{spring.base_url}/campaigns/{quote(HOSTILE, safe='')}"
    visit.goto(f"{sheet}/")
    [row] = visit.locator(".row .key").all_text_contents()
    said = {"row": row, "cell": "still@v2", "verdict": "rejected", "note": "too dark \u202eevil"}
    assert spring.bob.post(f"{sheet}/picks", json=said).status_code == 200
    with visit.expect_response(lambda answer: answer.request.method == "POST"):
        visit.keyboard.press("p")
    visit.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it looks every five seconds else
    visit.wait_for_selector(".cell.is-picked + .cell.is-rejected")
    visit.keyboard.press("ArrowRight")
    visit.keyboard.press("i")
    assert "by Bob" in visit.locator("#details .who").text_content()
    assert visit.locator("#details .note").text_content() == "too dark �evil"
    [seen] = spring.bob.get(f"{sheet}/picks").json()["rows"].values()
    assert {name: cell["verdict"] for name, cell in seen["cells"].items()} == {
        "still": "picked",
        "still@v2": "rejected",
    }
