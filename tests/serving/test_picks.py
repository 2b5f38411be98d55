"""Picks over HTTP: in the name of the token, shown to both reviewers, refused with their reason."""

from concurrent.futures import ThreadPoolExecutor

import pytest

PICKS = "/campaigns/spring/picks"


def pick(cell: str = "still", verdict: str = "picked", **said: object) -> dict[str, object]:
    return {"row": "sku-1", "cell": cell, "verdict": verdict, **said}


def test_picks_of_two_reviewers_on_one_row_both_stand_and_both_see_them(spring):
    assert spring.ada.post(PICKS, json=pick("still", stars=4, note="<b>this</b>")).status_code == 200
    assert spring.bob.post(PICKS, json=pick("still@v2", "rejected")).status_code == 200
    seen = [client.get(PICKS).json() for client in (spring.ada, spring.bob)]
    assert seen[0] == seen[1]
    cells = seen[0]["rows"]["sku-1"]["cells"]
    assert {name: (cell["verdict"], cell["by"]) for name, cell in cells.items()} == {
        "still": ("picked", "Ada <b>Lovelace</b>"),
        "still@v2": ("rejected", "Bob"),
    }


def test_picks_of_two_reviewers_at_once_have_a_number_each_and_none_is_lost(spring):
    before = spring.ada.post(PICKS, json=pick(note="before")).json()["number"]
    by_ada = [(spring.ada, pick("still", note=f"{number}")) for number in range(6)]
    by_bob = [(spring.bob, pick("still@v2", note=f"{number}")) for number in range(6)]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda said: said[0].post(PICKS, json=said[1]), by_ada + by_bob))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert sorted(answer.json()["number"] for answer in answers) == [*range(before + 1, before + 13)]


def test_pick_s_reviewer_is_whose_token_it_is_whatever_the_body_says(spring):
    answer = spring.bob.post(PICKS, json=pick(stars=1, by="Ada", number=9, at="2001-01-01T00:00:00Z")).json()
    assert answer["cell"]["by"] == "Bob"
    assert not answer["cell"]["at"].startswith("2001")


def test_picks_that_somebody_has_seen_are_not_sent_again_until_they_change(spring):
    spring.ada.post(PICKS, json=pick(stars=2))
    etag = spring.ada.get(PICKS).headers["etag"]
    assert spring.ada.get(PICKS, headers={"if-none-match": etag}).status_code == 304
    spring.bob.post(PICKS, json=pick(stars=3))
    assert spring.ada.get(PICKS, headers={"if-none-match": etag}).status_code == 200


def test_pick_of_what_is_not_there_is_refused_with_what_stands(spring):
    answer = spring.ada.post(PICKS, json=pick("no-such-cell"))
    assert (answer.status_code, answer.json()["price_usd"]) == (409, None)
    assert answer.json()["cell"]["verdict"] == "open"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"row": 1}', b'{"row": "sku-1", "cell": "still", "verdict": "maybe"}', b"\xff\xfe"],
)
def test_body_that_is_no_pick_is_refused_with_what_is_wrong(spring, body):
    answer = spring.ada.post(PICKS, content=body)
    assert (answer.status_code, bool(answer.json()["problem"])) == (422, True)


def test_pick_of_too_many_bytes_is_refused(spring):
    assert spring.ada.post(PICKS, json=pick(note="x" * 70_000)).status_code == 413


@pytest.mark.parametrize("name", ["winter", "", "%20", "spring%2Fpicks"])
def test_picks_of_a_campaign_that_is_not_there_are_not_found(spring, name):
    assert spring.ada.get(f"/campaigns/{name}/picks").status_code == 404
    assert spring.ada.post(f"/campaigns/{name}/picks", json=pick()).status_code == 404
