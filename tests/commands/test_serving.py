"""What `florist serve` refuses to start with."""

import subprocess
import sys
import urllib.request

import pytest

from florist.commands.serve import serve
from florist.errors import ConfigurationError
from florist.serving.origins import Origins
from florist.serving.server import listening_socket
from florist.serving.tokens import tokens_in

LONG = "x" * 20


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "florist.example"])
def test_host_that_others_can_reach_is_refused_without_a_token_file(host):
    with pytest.raises(ConfigurationError, match="--token-file"):
        serve(host=host)


def test_port_that_is_taken_is_told():
    with listening_socket("127.0.0.1", 0) as taken, pytest.raises(ConfigurationError, match="--port"):
        listening_socket("127.0.0.1", taken.getsockname()[1])


def test_token_file_has_a_line_for_each_reviewer(tmp_path):
    (tmp_path / "tokens").write_text(f"# ours\n\nAda Lovelace {LONG}\nBob {LONG}y\n")
    found = tokens_in(tmp_path / "tokens")
    assert {name: token.get_secret_value() for name, token in found.items()} == {
        "Ada Lovelace": LONG,
        "Bob": f"{LONG}y",
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no token"),
        (f"{LONG}\n", "alone"),
        ("Ada short\n", "20 ASCII"),
        (f"Ada {LONG}ü\n", "20 ASCII"),
        (f"Ada {LONG}\nAda {LONG}y\n", "already"),
        (f"Ada {LONG}\nBob {LONG}\n", "another reviewer"),
    ],
)
def test_token_file_that_names_nobody_for_sure_is_refused_and_shows_no_token(tmp_path, text, fault):
    (tmp_path / "tokens").write_text(text)
    with pytest.raises(ConfigurationError, match=fault) as refused:
        tokens_in(tmp_path / "tokens")
    assert LONG not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "public", "known", "unknown"),
    [
        ("127.0.0.1", None, "localhost:8788", "florist.example"),
        ("0.0.0.0", None, "[::1]:8788", "192.0.2.1:8788"),
        ("0.0.0.0", "https://Florist.example", "florist.example", "florist.example:8788"),
        ("0.0.0.0", "https://florist.example:443", "florist.example", "florist.example:443"),
        ("0.0.0.0", "https://florist.example:8443", "florist.example:8443", "florist.example"),
        ("192.0.2.1", None, "192.0.2.1:8788", "127.0.0.1:8788"),
        ("2001:db8::1", None, "[2001:db8::1]:8788", "2001:db8::1"),
    ],
)
def test_server_answers_to_its_own_names_alone(host, public, known, unknown):
    origins = Origins.of(host, 8788, public_url=public)
    assert (origins.knows(known), origins.knows(unknown)) == (True, False)


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://u:p@x", "https://x/?token=1", "x.example"])
def test_gallery_address_that_is_none_is_refused(monkeypatch, url):
    monkeypatch.setenv("FLORIST_GALLERY_URL", url)
    with pytest.raises(ValueError, match="give http"):
        serve(host="127.0.0.1", port=0)


def test_server_prints_an_address_that_opens_and_stops_when_it_is_told_to(tmp_path):
    words = [sys.executable, "-m", "florist.cli", "serve", "--archive", str(tmp_path), "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        # Its cookie comes back with what it leads to.
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = browser.open(address, timeout=20).read().decode()
        process.terminate()
        said = process.stderr.read()
    assert "Campaigns" in page
    assert "GET / 200 you" in said
    assert address.rpartition("=")[2] not in said
