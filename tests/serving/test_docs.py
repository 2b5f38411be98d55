"""The commands of docs/serve.md do what the page says."""

import json
import shlex
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from florist.cli import main
from florist.serving.taking import TakesAsked
from tests.docs.shown import blocks, commands
from tests.serving.world import PNG, TOKENS

SHOWN = commands("docs/serve.md")


def shown(words: str) -> list[str]:
    found = [command for command in SHOWN if command.startswith(words)]
    assert found
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_requests_of_a_program_are_answered_as_the_page_says(spring, tmp_path: Path):
    (tmp_path / "packshot.png").write_bytes(PNG)
    uploaded, picks = (
        subprocess.run(
            shlex.split(
                command.replace("http://127.0.0.1:8788", spring.base_url).replace("$TOKEN", TOKENS["Bob"])
            ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in shown("curl ")
    )
    assert list(json.loads(uploaded)) == ["address", "url", "bytes"]
    assert "revision" in json.loads(picks)


def test_upload_of_two_files_prints_two_addresses(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("packshot.png").write_bytes(PNG)
    Path("lookbook.pdf").write_bytes(b"%PDF-1.7\n")
    [command] = shown("florist upload")
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command)[1:])
    assert not ended.value.code
    assert [line[-4:] for line in capsys.readouterr().out.split()] == [".png", ".pdf"]


def test_bodies_of_another_take_are_an_offer_and_an_order():
    [shown_bodies] = [block.text for block in blocks("docs/serve.md") if block.language == "json"]
    offer, order = map(TakesAsked.model_validate_json, shown_bodies.splitlines())
    assert (offer.confirm_usd, order.confirm_usd, list(order.cells or ())) == (None, Decimal("0.24"), ["still@v5"])
