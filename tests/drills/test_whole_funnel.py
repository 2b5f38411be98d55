"""The funnel as people have it: run, look in a browser, pick by keyboard, continue; the sandbox's books count.

With the server in the suite; from a file, of a folder and of a bucket, as a drill.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from florist.stores.locations import store_at
from tests.browsers import needs_chromium
from tests.commands.conftest import ROOT, Desk, desk
from tests.gallery.conftest import Page, browser, seaweedfs_http, sheet_page
from tests.s3_servers.servers import ACCESS_KEY, SECRET_KEY, S3Server
from tests.serving.world import TOKENS, served

__all__ = ["browser", "desk", "seaweedfs_http", "sheet_page"]

pytestmark = [needs_chromium, pytest.mark.xdist_group("browser")]

FUNNEL = ROOT / "pipelines" / "funnel.yaml"
PICTURES = "() => [...document.querySelectorAll('.tile img')].every(i => i.complete && i.naturalWidth)"
TWO_PICKED = "() => document.querySelectorAll('.cell.is-picked').length === 2"


def told(desk: Desk, *words: object) -> tuple[int, str]:
    """Run a command in a process of its own: the browser holds the event loop of this one."""
    process = desk.started(*words, merged=True)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def films(desk: Desk) -> int:
    """Return how many films the sandbox has charged; each has its caption, and four stills came before them."""
    books = desk.books
    film = books.by_technique.get("tech_film0000001")
    made = film.charged if film else 0
    assert (books.total.charged, books.total.requests) == (4 + 2 * made, 4 + 2 * made)
    return made


def run_to_the_gate(desk: Desk, archive: object) -> None:
    code, said = told(desk, "run", FUNNEL, "--archive", archive, "--campaign", "spring", "--json")
    assert (code, '"state":"AwaitingReview"' in said.replace(" ", ""), films(desk)) == (0, True, 0), said


def go_on(desk: Desk, archive: object) -> int:
    code, said = told(desk, "continue", "spring", "--archive", archive)
    assert code == 0, said
    return films(desk)


def look_around(sheet_page: Page) -> None:
    """Filter, zoom, and let a machine look for what people with other eyes and hands could not use."""
    page = sheet_page.page
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile img')].every(i => i.complete && i.naturalWidth)"
    )
    page.fill("#search", "no such thing")
    assert page.locator(".row:visible").count() == 0
    page.fill("#search", "still@v3")
    assert page.locator(".row:visible").count() == 1
    page.fill("#search", "")
    page.focus(".cell.is-current")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pswp__img:not(.pswp__img--placeholder)")
    page.keyboard.press("Escape")
    page.wait_for_selector(".pswp", state="detached")
    page.wait_for_function("() => document.activeElement.classList.contains('cell')")


def play(sheet_page: Page) -> None:
    sheet_page.page.locator(".tile.is-film .play").first.click()
    sheet_page.page.wait_for_function("() => document.querySelector('.tile video').currentTime > 0.1")


def faults(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


@contextmanager
def served_to_ada(desk: Desk, sheet_page: Page) -> Iterator[Any]:
    """Serve the archive, and open its sheet as one of its reviewers."""
    with served(store_at(str(desk.archive))) as server:
        sheet_page.page.goto(f"{server.base_url}/?token={next(iter(TOKENS.values()))}")
        yield server


def pick_two(page: Any) -> None:
    """Pick the second and the fourth of four by keyboard; P goes on to the next by itself."""
    for key in ("Home", "ArrowRight", "p", "ArrowRight", "p"):
        page.keyboard.press(key)
    assert page.locator(".cell.is-picked").count() == 2


def picked(server: Any) -> dict[str, str]:
    [row] = server.ada.get("/campaigns/spring/picks").json()["rows"].values()
    return {name: cell["verdict"] for name, cell in row["cells"].items() if cell["verdict"] != "open"}


def change_sent_pick(sheet_page: Page) -> Decimal:
    """Reject what a film was made of, confirm what that costs, and pick another; return the price shown."""
    page = sheet_page.open(sheet_page.page.url)
    page.wait_for_function(TWO_PICKED)
    for key in ("Home", "ArrowRight", "x"):
        page.keyboard.press(key)
    page.wait_for_selector("#message[open]")
    shown = page.inner_text("#message b")
    with page.expect_response(lambda answer: answer.status == 200 and answer.request.method == "POST"):
        page.click("#message .is-main")
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        for key in ("Home", "p"):
            page.keyboard.press(key)
    assert posted.value.status == 200
    return Decimal(shown.removeprefix("$"))


@pytest.mark.short_drill
def test_two_of_four_picked_become_two_films_and_a_change_costs_what_was_said(desk, sheet_page):
    run_to_the_gate(desk, desk.archive)
    with served_to_ada(desk, sheet_page) as server:
        page = sheet_page.open(f"{server.base_url}/campaigns/spring/")
        look_around(sheet_page)
        pick_two(page)
        assert faults(page) == []
        assert (go_on(desk, desk.archive), picked(server)) == (2, {"still@v2": "picked", "still@v4": "picked"})
        spent = desk.books.total.charged_usd
        price = change_sent_pick(sheet_page)
        assert (films(desk), picked(server)) == (
            2,
            {"still": "picked", "still@v2": "rejected", "still@v4": "picked"},
        )
        assert (go_on(desk, desk.archive), desk.books.total.charged_usd - spent) == (3, price)
        sheet_page.open(page.url)
        play(sheet_page)
        assert faults(page) == []
    assert sheet_page.hosts() == {server.base_url.removeprefix("http://")}
    # Chromium tells of the refusal that had the price; of nothing else.
    assert [said for said in sheet_page.complaints if "409" not in said] == []
    assert len(sheet_page.complaints) == 1


@pytest.fixture(params=["folder", "seaweedfs"])
def archive_of(request: pytest.FixtureRequest, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The location of an archive: a folder, or a bucket that the desk's commands reach."""
    if request.param == "folder":
        return str(desk.archive)
    server: S3Server = request.getfixturevalue("seaweedfs_http")
    access = {"AWS_ENDPOINT_URL": server.endpoint_url, "AWS_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    for name, value in {**access, **keys}.items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.bucket}/{server.store().prefix}"


def written(desk: Desk, archive: str) -> Path:
    code, said = told(desk, "gallery", "spring", "--archive", archive)
    assert code == 0, said
    return Path(next(line for line in said.splitlines() if line.endswith(".html")))


def downloaded_picks(page: Any) -> Path:
    page.click("#download")
    page.fill("#picks-by", "Ada")
    with page.expect_download() as download:
        page.click("#message .is-main")
    return Path(download.value.path())


@pytest.mark.drill
def test_picks_of_a_sheet_in_a_file_are_applied_and_become_two_films(desk, archive_of, sheet_page):
    run_to_the_gate(desk, archive_of)
    page = sheet_page.open(written(desk, archive_of))
    look_around(sheet_page)
    pick_two(page)
    assert faults(page) == []
    code, said = told(desk, "picks", "apply", downloaded_picks(page), "--archive", archive_of)
    assert (code, "2 of 2 picks by Ada stand" in said) == (0, True), said
    assert go_on(desk, archive_of) == 2
    sheet_page.open(written(desk, archive_of))
    assert page.locator(".cell.is-picked").count() == 2
    play(sheet_page)
    assert sheet_page.complaints == []
    assert len(sheet_page.hosts() - {""}) == archive_of.startswith("s3:")
