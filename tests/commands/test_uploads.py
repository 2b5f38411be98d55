"""`florist upload`, and campaigns whose rows name uploads: refused before money where one is not there."""

import base64
import hashlib
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.cli import main

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR4nGM8oaHBgA0wYRUdtBIA4DgBKJ8lCQoAAAAASUVORK5CYII="
)
ADDRESS = f"upload:{hashlib.sha256(PICTURE).hexdigest()}.png"
PIPELINE = """
name: captions
params:
  photo: {type: imageUrl}
steps:
  lines: {technique: headline-writer, inputs: {brief: Spring flowers}}
  words: {technique: caption-writer, inputs: {image: "${params.photo}"}}
"""


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder with a pipeline, and a sandbox."""
    monkeypatch.chdir(tmp_path)
    Path("captions.yaml").write_text(PIPELINE)
    Path("rows.csv").write_text(f"key,photo\na,{ADDRESS}\n")
    Path("packshot.jpg").write_bytes(PICTURE)
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "no-profiles.toml"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with SandboxServer(tmp_path / "flora", Settings(duration_scale=0)) as server:
        monkeypatch.setenv("FLORA_API_KEY", server.api_key)
        monkeypatch.setenv("FLORA_BASE_URL", server.base_url)
        yield server


def florist(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code or 0


RUN = ("run", "captions.yaml", "--rows", "rows.csv", "--campaign", "spring", "--budget", "1")


def test_row_whose_upload_is_not_there_is_refused_before_anything_is_paid(sandbox, capsys):
    assert florist(*RUN) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"nothing is kept under {ADDRESS}" in said
    assert "florist upload FILE" in said
    assert sandbox.books().total.requests == 0


def test_row_whose_upload_is_there_is_run_and_a_path_to_the_same_picture_is_not_paid_again(sandbox, capsys):
    assert florist("upload", "packshot.jpg", "packshot.jpg") == 0
    assert capsys.readouterr().out.split() == [ADDRESS, ADDRESS]
    assert florist(*RUN) == 0
    Path("packshot.png").write_bytes(PICTURE)
    Path("rows.csv").write_text("key,photo\na,packshot.png\n")
    assert florist(*RUN) == 0
    assert sandbox.books().total.runs == 2


@pytest.mark.parametrize("content", [b"", b"<svg/>", None], ids=["empty", "svg", "missing"])
def test_upload_of_what_no_step_takes_says_so_and_keeps_nothing(sandbox, capsys, content):
    if content is not None:
        Path("logo.png").write_bytes(content)
    assert florist("upload", "logo.png") == 1
    assert "logo.png" in capsys.readouterr().err
    assert not Path("florist-archive/uploads").exists()


@pytest.mark.parametrize("value", ["upload:abc.png", f"upload:{'A' * 64}.png", ADDRESS.replace(".png", ".mp4")])
def test_param_that_is_no_picture_s_address_is_a_problem_of_the_pipeline(sandbox, capsys, value):
    assert florist("run", "captions.yaml", "--param", f"photo={value}") == 1
    assert "params.photo" in capsys.readouterr().err
