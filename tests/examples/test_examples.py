"""Each program in examples/ does what its first line says; `own_flow.py` is run in tests/flows, by a server."""

import csv
import runpy
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PACKSHOT = ROOT / "pipelines/samples/packshot.png"


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    with SandboxServer(tmp_path / "flora", Settings(duration_scale=0)) as server:
        monkeypatch.setenv("FLORA_API_KEY", server.api_key)
        monkeypatch.setenv("FLORA_BASE_URL", server.base_url)
        monkeypatch.chdir(tmp_path)
        yield server


@pytest.fixture
def run(monkeypatch):
    """Run a program as a terminal would."""

    def run_program(name: str, *arguments: object) -> None:
        monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    return run_program


def test_client_makes_one_picture_and_saves_it(sandbox, run, tmp_path, capsys):
    run("client.py", PACKSHOT, "out")
    [picture] = (tmp_path / "out").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in capsys.readouterr().out
    assert sandbox.books().total.charged_usd == Decimal("0.12")


def test_pay_once_started_again_pays_for_nothing(sandbox, run, tmp_path):
    run("pay_once.py", PACKSHOT, "outputs")
    run("pay_once.py", PACKSHOT, "outputs")
    kept = sorted(path.parent.name for path in (tmp_path / "outputs/campaigns").rglob("*-0.*"))
    assert kept == ["caption", "still"]
    assert (sandbox.books().total.requests, sandbox.books().total.charged_usd) == (2, Decimal("0.14"))


def test_campaign_from_csv_makes_each_row_and_goes_on_with_what_was_missing(sandbox, run, tmp_path):
    sheet = tmp_path / "spring.csv"
    rows = [("key", "product_image", "prompt"), ("tulip", PACKSHOT, "On marble"), ("rose", "rose.png", "")]
    sheet.write_text("".join(f"{','.join(map(str, row))}\n" for row in rows))
    run("campaign_from_csv.py", sheet, "outputs", "spring")
    tulip, rose = csv.DictReader((tmp_path / "spring.made.csv").read_text().splitlines())
    assert (tmp_path / "outputs" / tulip["output"]).read_bytes().startswith(b"\x89PNG")
    assert (tulip["charged_usd"], rose["output"]) == ("0.12", "")
    assert "rose.png does not exist" in rose["problem"]
    (tmp_path / "rose.png").write_bytes(PACKSHOT.read_bytes())
    run("campaign_from_csv.py", sheet, "outputs", "spring")
    assert sandbox.books().total.charged_usd == Decimal("0.24")


def test_every_example_is_run_by_a_test():
    tested = Path(__file__).read_text() + (ROOT / "tests/flows/test_own_flow.py").read_text()
    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in tested] == []
