"""Who is let in, from which address and page, and what an answer may be used for."""

import http.client
import logging
import time

import pytest

from tests.serving.world import TOKENS, Served

ADA, _ = TOKENS.values()
CHANGES = "/campaigns/spring/picks"


def raw(server: Served, path: str, *, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """Ask without a client that logs addresses, follows redirects or mends paths."""
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"), timeout=10)
    connection.putrequest(method, path, skip_host="host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def signed_in(server: Served) -> str:
    return raw(server, f"/?token={ADA}").headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("path", ["/", "/uploads", "/media/a.png", "/campaigns/spring/", CHANGES, "/no/such"])
@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer wrong", f"Bearer {ADA}x", f"Basic {ADA}", f"Bearer {ADA[:-1]}"]
)
def test_request_without_a_reviewer_s_token_is_told_nothing(empty, path, token):
    answer = empty.nobody.get(path, headers={"authorization": token} if token else {})
    assert (answer.status_code, "florist serve" in answer.text) == (401, True)


def test_token_in_an_address_becomes_a_cookie_and_leaves_the_address(empty):
    answer = raw(empty, f"/uploads?a=1&token={ADA}&b=2")
    assert (answer.status, answer.headers["location"]) == (303, "/uploads?a=1&b=2")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ADA not in cookie
    assert raw(empty, "/", cookie=cookie.partition(";")[0]).status == 200


def test_wrong_token_in_an_address_sets_no_cookie(empty):
    answer = raw(empty, "/?token=wrong")
    assert (answer.status, answer.headers["set-cookie"]) == (401, None)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "//evil.example/%2f.."])
def test_token_in_an_address_leads_to_no_other_host(empty, path):
    location = raw(empty, f"{path}?token={ADA}").headers["location"]
    assert location.startswith("/evil.example/")


@pytest.mark.parametrize("cookie", ["florist-1=x", "a b c", "=;=;", "florist-{port}=x", "florist-{port}={token}"])
def test_cookie_that_no_token_made_is_nobody_s(empty, cookie):
    port = empty.base_url.rpartition(":")[2]
    assert raw(empty, "/", cookie=cookie.format(port=port, token=ADA)).status == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""])
def test_host_that_is_not_the_server_s_is_refused_with_the_right_token(empty, host):
    port = empty.base_url.rpartition(":")[2]
    answer = raw(empty, "/", host=host.format(port=port), authorization=f"Bearer {ADA}")
    assert answer.status in (400, 421)


def test_host_that_is_another_name_of_this_machine_is_taken(empty):
    port = empty.base_url.rpartition(":")[2]
    assert raw(empty, "/", host=f"LOCALHOST:{port}", authorization=f"Bearer {ADA}").status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1",
        "http://localhost:{port}",
        "file://",
        "http://127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("path", ["/uploads", CHANGES])
def test_change_from_another_origin_s_page_is_refused(empty, origin, path):
    port = empty.base_url.rpartition(":")[2]
    headers = {"origin": origin.format(port=port), "x_florist_review": "1", "cookie": signed_in(empty)}
    assert raw(empty, path, method="POST", **headers).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "{base}"},
        {"x_florist_review": "1"},
        {"origin": "{base}", "x_florist_review": "1", "sec_fetch_site": "same-site"},
        {"origin": "{base}", "x_florist_review": "1", "sec_fetch_site": "none"},
    ],
    ids=["a form", "no origin", "another port", "typed"],
)
def test_change_with_a_cookie_that_is_no_page_s_of_ours_is_refused(empty, headers):
    given = {name: value.format(base=empty.base_url) for name, value in headers.items()}
    assert raw(empty, "/uploads", method="POST", cookie=signed_in(empty), **given).status == 403


def test_visit_by_a_link_of_another_site_is_led_here_once_more(empty):
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = empty.nobody.get('/campaigns/"><script>/?a=1', headers=elsewhere)
    assert '<meta http-equiv="refresh" content="0;url=/campaigns/%22%3E%3Cscript%3E/?a=1">' in answer.text


@pytest.mark.parametrize("path", ["/", "/uploads", "/no/such", "/static/pages.css", "/media/a.png"])
def test_answer_of_every_kind_has_the_headers_that_bind_browsers(empty, path):
    headers = empty.ada.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_method_that_nothing_here_has_is_refused(empty, method):
    assert empty.ada.request(method, "/uploads").status_code == 405


def test_log_names_path_and_reviewer_and_never_a_token(empty, caplog):
    caplog.set_level(logging.INFO, "florist.serving.access")
    raw(empty, f"/uploads?token={ADA}")
    raw(empty, "/uploads?secret=1", cookie=signed_in(empty))
    # A line is written once its answer is sent.
    while "GET /uploads 200 Ada <b>Lovelace</b>" not in (lines := "\n".join(access_lines(caplog))):
        time.sleep(0.01)
    assert not any(word in lines for word in (ADA, "token", "secret", "?"))


def access_lines(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "florist.serving.access"]
