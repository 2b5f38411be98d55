"""Pages show whatever is in names as text, and lead where they say."""

from urllib.parse import quote

import pytest

from florist.gallery import Derivatives, Sheet
from florist.serving.charts import HEIGHT, bars
from florist.serving.front import Night, card_of
from tests.serving.world import HOSTILE, Served


@pytest.fixture(scope="module")
def hostile() -> str:
    return quote(HOSTILE, safe="")


def test_first_page_lists_every_campaign_and_its_card_tells_what_there_is(spring):
    page = spring.ada.get("/").text
    assert 'href="/campaigns/spring/"' in page
    card = spring.ada.get("/cards/spring").text
    told = ("1<small> of 1</small>", "2<small> of 2</small>", "$0.16 of $0.16 planned")
    assert [words for words in told if words not in card] == []


def test_first_page_of_an_empty_archive_says_how_to_begin(empty):
    assert "--campaign NAME" in empty.ada.get("/").text


@pytest.mark.parametrize("path", ["/", "/cards/{}", "/uploads"])
def test_page_shows_hostile_names_as_text(spring: Served, hostile, path):
    page = spring.ada.get(path.format(hostile)).text
    assert [markup for markup in ("<img src=x", "<script>alert", "<b>Lovelace") if markup in page] == []


def test_campaign_is_found_by_its_name_with_slashes_quoted_or_not(spring, hostile):
    assert spring.ada.get(f"/cards/{hostile}").status_code == 200
    assert spring.ada.get(f"/cards/{quote(HOSTILE)}").status_code == 200
    assert spring.ada.get("/cards/winter").status_code == 404


@pytest.mark.parametrize("accepted", ["gzip, br", "identity"])
def test_sheet_is_packed_for_whoever_takes_that_and_binds_its_page_by_its_own_policy(spring, accepted):
    answer = spring.ada.get("/campaigns/spring/", headers={"accept-encoding": accepted})
    assert (answer.headers.get("content-encoding") == "gzip") == ("gzip" in accepted)
    assert "<!doctype html>" in answer.text[:20]
    policy = answer.headers["content-security-policy"]
    assert [
        word for word in ("'sha256-", "connect-src 'self'", "frame-ancestors 'none'") if word not in policy
    ] == []
    assert "unsafe" not in policy


def test_sheet_is_held_against_another_campaign_that_is_there(spring, hostile):
    assert "held against" in spring.ada.get(f"/campaigns/spring/?against={hostile}").text
    assert spring.ada.get("/campaigns/spring/?against=winter").status_code == 404


def test_sheet_s_address_without_a_slash_leads_to_the_one_with_it(spring, hostile):
    answer = spring.ada.get(f"/campaigns/{hostile}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/campaigns/{hostile}/")


def test_chart_has_all_nights_on_one_scale_and_none_without_money():
    nights = [Night("2026-01-01", 4, 2), Night("2026-01-02", None, 4), Night("2026-01-03", 1, 0)]
    drawn = bars(nights)
    assert [round(bar.height / drawn[1].height, 2) for bar in drawn] == [0.5, 1.0, 0.0]
    assert (drawn[0].plan_y, drawn[1].plan_y) == (drawn[1].y, None)
    assert all(0 <= bar.y <= HEIGHT for bar in drawn)
    assert bars([Night("2026-01-01", 0, 0)]) == ()


@pytest.mark.parametrize(
    ("has_media", "enough", "reviews"), [(True, False, 1), (False, False, 0), (True, True, 0)]
)
def test_row_waits_for_review_where_there_is_something_to_pick_from(has_media, enough, reviews):
    media = {
        "index": 0,
        "output_id": "image",
        "key": "k",
        "sha256": "a",
        "size_bytes": 1,
        "media_type": "image/png",
    }
    cell = {"row": "a", "cell": "still", "step": "still", "state": "kept", "media": [media] * has_media}
    gate = {"step": "still", "pick_min": 1, "pick_max": 1, "enough": enough}
    row = {"key": "a", "cells": [cell], "gate": gate}
    told = {"campaign": "spring", "archive": "", "read_at": "2026-01-01T00:00:00Z", "rows": [row]}
    assert card_of(Sheet.model_validate(told), Derivatives(), ()).reviews == reviews
