import pytest

from florist.api import FloraAPI
from florist.api.errors import NoSuchNameError, UntrustedUrlError
from florist.api.routes import path_below, route
from florist.errors import ConfigurationError
from tests.api.scripted import RUN, ScriptedFlora, client_on, ok


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://app.flora.ai/api/v1", "https://app.flora.ai/api/v1"),
        (" https://app.flora.ai/api/v1// ", "https://app.flora.ai/api/v1"),
        ("http://127.0.0.1:8080/api/v1/", "http://127.0.0.1:8080/api/v1"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/api/v1", "http://[::1]:8080/api/v1"),
    ],
)
def test_base_url_in_a_usable_form_is_kept(given, kept):
    assert FloraAPI(api_key="sk_test_x", base_url=given).base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.flora.ai/api/v1",
        "ftp://app.flora.ai",
        "https://",
        "https://app.flora.ai:port/",
        "http://app.flora.ai/api/v1",
        "http://10.0.0.1/api/v1",
        "http://127.0.0.1.example.com/",
        "https://user:pass@app.flora.ai/",
        "https://app.flora.ai/?key=1",
        "https://[::1/",
    ],
)
def test_base_url_that_is_none_or_unsafe_is_refused(url):
    with pytest.raises(ConfigurationError):
        FloraAPI(api_key="sk_test_x", base_url=url)


@pytest.mark.parametrize("key", ["", "  ", "sk_test_a b", "sk_test_a\nb", "sk_test_ä"])
def test_api_key_that_is_none_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError) as caught:
        FloraAPI(api_key=key)
    assert "sk_test_a" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "is_sandbox"), [("http://127.0.0.1:1/api", True), ("https://app.flora.ai", False)]
)
def test_client_of_this_machine_is_a_sandbox(base_url, is_sandbox):
    assert FloraAPI(api_key="sk_test_x", base_url=base_url).is_sandbox is is_sandbox


@pytest.mark.parametrize("name", ["", " ", ".", ".."])
def test_route_to_no_id_is_refused(name):
    with pytest.raises(NoSuchNameError, match="no id or slug"):
        route("/runs/{}", name)


def test_route_to_an_odd_id_stays_inside_its_segment():
    assert route("/runs/{}", "../a b?c#d") == "/runs/..%2Fa%20b%3Fc%23d"


BASE = "https://app.flora.ai/api/v1"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (f"{BASE}/runs/run_1", "/runs/run_1"),
        (f"{BASE}/runs/run_1?a=1", "/runs/run_1?a=1"),
        ("https://app.flora.ai:443/api/v1/runs/run_1", "/runs/run_1"),
        ("https://APP.flora.ai/api/v1/runs/run_1", "/runs/run_1"),
    ],
)
def test_poll_url_below_the_base_url_is_its_path(url, path):
    assert path_below(BASE, url) == path


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/api/v1/runs/run_1",
        "http://app.flora.ai/api/v1/runs/run_1",
        "https://app.flora.ai:8443/api/v1/runs/run_1",
        "https://app.flora.ai.example.com/api/v1/runs/run_1",
        "https://app.flora.ai@example.com/api/v1/runs/run_1",
        "https://user@app.flora.ai/api/v1/runs/run_1",
        "https://app.flora.ai/other/run_1",
        "https://app.flora.ai/api/v1/../../other",
        "https://app.flora.ai/api/v10/runs/run_1",
        "//example.com/api/v1/runs/run_1",
        "/api/v1/runs/run_1",
        "",
    ],
)
def test_poll_url_elsewhere_is_refused(url):
    with pytest.raises(UntrustedUrlError):
        path_below(BASE, url)


async def test_retrieve_at_a_poll_url_of_another_host_sends_nothing(time):
    flora = ScriptedFlora(ok(RUN))
    with pytest.raises(UntrustedUrlError):
        await client_on(time, flora).runs.retrieve_at("https://example.com/api/v1/runs/run_1?sig=1")
    assert flora.requests == []


async def test_retrieve_at_a_poll_url_asks_there(time):
    flora = ScriptedFlora(ok(RUN))
    client = client_on(time, flora)
    run = await client.runs.retrieve_at(f"{client.base_url}/techniques/a/runs/run_1?x=1")
    assert (run.run_id, str(flora.requests[0].url)) == ("run_1", f"{client.base_url}/techniques/a/runs/run_1?x=1")
