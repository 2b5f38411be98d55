"""Uploads over HTTP: kept once by their bytes, of the types that FLORA takes, up to a limit."""

import hashlib

import pytest

from florist.upload_address import UploadAddress
from tests.serving.conftest import LIMIT
from tests.serving.world import PNG


def test_upload_is_kept_under_its_own_hash_and_given_out_again(empty):
    answer = empty.ada.post("/uploads", content=PNG)
    name = f"{hashlib.sha256(PNG).hexdigest()}.png"
    url = f"{empty.base_url}/uploads/{name}"
    assert (answer.status_code, answer.json()) == (
        201,
        {"address": f"upload:{name}", "url": url, "bytes": len(PNG)},
    )
    given = empty.bob.get(url)
    assert (given.content, given.headers["content-type"]) == (PNG, "image/png")


async def test_upload_of_the_same_bytes_again_is_the_same_and_kept_once(empty):
    content = PNG + b"again"
    first, second = (empty.ada.post("/uploads", content=content).json() for _ in range(2))
    assert first == second
    digest = hashlib.sha256(content).hexdigest()
    assert len([item async for item in empty.store.list(f"uploads/{digest}")]) == 1


def test_upload_s_type_is_told_from_its_bytes_whatever_it_is_called(empty):
    answer = empty.ada.post("/uploads", content=b"GIF89a" + bytes(9), headers={"content-type": "text/html"})
    assert answer.json()["address"].endswith(".gif")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><script>",
        b"MZ\x90",
        b"plain",
        b"\x00\x01",
    ],
    ids=["empty", "svg", "html", "program", "text", "unknown"],
)
async def test_upload_of_what_no_step_takes_is_refused_and_not_kept(empty, content):
    answer = empty.ada.post("/uploads", content=content)
    assert answer.status_code == 422
    assert answer.json()["problem"]
    digest = hashlib.sha256(content).hexdigest()
    assert [item async for item in empty.store.list(f"uploads/{digest}")] == []


def test_upload_that_says_it_is_too_large_is_not_read(empty):
    answer = empty.ada.post("/uploads", content=PNG + bytes(LIMIT))
    assert (answer.status_code, "at most" in answer.json()["problem"]) == (413, True)


def test_upload_that_turns_out_too_large_is_refused(empty):
    def pieces():
        yield PNG
        yield bytes(LIMIT)

    assert empty.ada.post("/uploads", content=pieces()).status_code == 413


def test_upload_as_a_form_is_told_how_to_send_it(empty):
    answer = empty.ada.post("/uploads", files={"file": ("a.png", PNG)})
    assert (answer.status_code, "--data-binary" in answer.json()["problem"]) == (415, True)


@pytest.mark.parametrize("name", [f"{'0' * 64}.png", "x.png", f"{'0' * 64}.html", f"{'A' * 64}.png"])
def test_upload_that_is_not_there_is_not_found(empty, name):
    assert empty.ada.get(f"/uploads/{name}").status_code == 404


@pytest.mark.parametrize(
    "text", ["", "upload:", f"upload:{'a' * 63}.png", f"upload:{'a' * 64}", f"upload:{'a' * 64}.p/g"]
)
def test_address_that_is_none_is_not_read_as_one(text):
    assert UploadAddress.parsed(text) is None
