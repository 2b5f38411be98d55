"""What of the archive is given out, how, and what never is."""

import asyncio
import hashlib
from urllib.parse import quote

import pytest

from tests.serving.test_guard import raw
from tests.serving.world import PNG, TOKENS, Served, keep_output

FOLDER = "campaigns/spring/sku-1/still"
FILM = hashlib.shake_128(b"film").digest(700_001)
SECRETS = ("ledger/a/secret-0.png", "budgets/a/secret-0.png", "index/secret-0.png", "loose-0.png")


@pytest.fixture(scope="module")
def archive(empty: Served) -> Served:
    """The server over some outputs, and over objects that are no outputs."""

    async def fill() -> None:
        await keep_output(empty.store, f"{FOLDER}/abc-0.png", PNG, "image/png")
        await keep_output(empty.store, f"{FOLDER}/film-0.mp4", FILM, "video/mp4")
        await keep_output(empty.store, f"{FOLDER}/Füße 100%-0.svg", b"<svg/>", "image/svg+xml")
        await keep_output(empty.store, f"{FOLDER}/zip-0.zip", b"PK\x03\x04", "application/zip")
        await keep_output(empty.store, f"{FOLDER}/short-0.png", PNG, "image/png", size_bytes=600_000)
        await empty.store.create(f"{FOLDER}/stray-0.png", PNG)
        await empty.store.create(f"{FOLDER}/damaged.json", b"{")
        await empty.store.create(f"{FOLDER}/damaged-0.png", PNG)
        for key in SECRETS[:3]:
            await keep_output(empty.store, key, PNG, "image/png")
        await empty.store.create(SECRETS[3], PNG)

    asyncio.run(fill())
    return empty


def test_output_is_given_out_whole_with_its_own_type_and_hash(archive):
    answer = archive.ada.get(f"/media/{FOLDER}/abc-0.png")
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == f'"{hashlib.sha256(PNG).hexdigest()}"'
    assert "content-disposition" not in answer.headers
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "part", "told"),
    [
        ("bytes=0-9", slice(0, 10), "bytes 0-9/700001"),
        ("bytes=262140-524300", slice(262_140, 524_301), "bytes 262140-524300/700001"),
        ("bytes=-5", slice(-5, None), "bytes 699996-700000/700001"),
    ],
)
def test_range_of_an_output_is_that_part_of_it(archive, asked, part, told):
    answer = archive.ada.get(f"/media/{FOLDER}/film-0.mp4", headers={"range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (206, told)
    assert answer.content == FILM[part]


def test_range_beyond_an_output_is_416_with_its_size(archive):
    answer = archive.ada.get(f"/media/{FOLDER}/film-0.mp4", headers={"range": "bytes=700001-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */700001")


def test_output_that_somebody_has_is_not_sent_again(archive):
    etag = archive.ada.head(f"/media/{FOLDER}/film-0.mp4").headers["etag"]
    answer = archive.ada.get(f"/media/{FOLDER}/film-0.mp4", headers={"if-none-match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_head_of_an_output_tells_its_size_and_no_bytes(archive):
    answer = archive.ada.head(f"/media/{FOLDER}/film-0.mp4")
    assert (answer.headers["content-length"], answer.content) == ("700001", b"")


def test_film_is_in_no_sandbox_where_its_player_had_no_cookie(archive):
    policy = archive.ada.head(f"/media/{FOLDER}/film-0.mp4").headers["content-security-policy"]
    assert ("sandbox" in policy, "media-src 'self'" in policy) == (False, True)


@pytest.mark.parametrize("name", ["Füße 100%-0.svg", "zip-0.zip"])
def test_output_that_could_be_run_or_unpacked_is_offered_for_download_alone(archive, name):
    answer = archive.ada.get(f"/media/{FOLDER}/{quote(name)}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(name)}"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("key", SECRETS)
def test_key_that_no_output_has_is_never_given_out(archive, key):
    assert archive.ada.get(f"/media/{key}").status_code == 404


@pytest.mark.parametrize("name", ["stray-0.png", "damaged-0.png", "abc-1.png", "abc.json", "abc-0.png/", ""])
def test_object_that_no_manifest_vouches_for_is_not_given_out(archive, name):
    assert archive.ada.get(f"/media/{FOLDER}/{name}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/media/../../../../etc/passwd",
        "/media/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/media/..%2f..%2f..%2fetc%2fpasswd",
        "/media/%252e%252e%252fetc%252fpasswd",
        "/media/..%5c..%5cetc-0.png",
        "/media//etc/passwd",
        "/media/%2fetc%2fpasswd-0.png",
        f"/media/{FOLDER}/../../../../loose-0.png",
        f"/media/{FOLDER}/abc-0.png%00.svg",
        "/media/%ff%fe-0.png",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/uploads/..%2fcampaigns%2fspring%2fsku-1%2fstill%2fabc-0.png",
        "/previews/..%2f..%2fabc.webp",
    ],
)
def test_path_that_climbs_is_not_found(archive, path):
    answer = raw(archive, path, authorization=f"Bearer {next(iter(TOKENS.values()))}")
    assert answer.status in (400, 404)


def test_output_shorter_than_its_manifest_says_ends_its_answer_early_and_others_go_on(archive):
    with pytest.raises(Exception, match=r"peer closed|without sending"):
        archive.ada.get(f"/media/{FOLDER}/short-0.png")
    assert archive.ada.get(f"/media/{FOLDER}/abc-0.png").status_code == 200
