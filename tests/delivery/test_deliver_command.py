"""`florist deliver`, on what the sandbox made."""

import asyncio
import csv
import io
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.api import FloraAPI
from florist.cli import main
from florist.stores.folder import FolderStore
from florist.studio.studio import Studio

PIPELINE = """
name: launch
params: {tone: {default: playful}}
deliver: "{campaign}/{row}_{tone}_{step}.{ext}"
steps:
  headline: {technique: headline-writer, inputs: {brief: "${params.tone}"}}
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rows of a campaign, each a text that the sandbox wrote."""
    folder = tmp_path_factory.mktemp("made")

    async def make(sandbox: SandboxServer) -> None:
        async with (
            FloraAPI(api_key=sandbox.api_key, base_url=sandbox.base_url) as client,
            Studio(client, FolderStore(folder / "archive")) as studio,
        ):
            for row, tone in (("sku-1", "luxury"), ("sku-2", "playful")):
                brief = {"brief": tone}
                await studio.run("headline-writer", brief, campaign="spring", row=row, step="headline")

    with SandboxServer(folder / "flora", Settings(duration_scale=0)) as sandbox:
        asyncio.run(make(sandbox))
    return folder / "archive"


def delivered(archive: Path, to: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["deliver", "spring", str(to), "--archive", str(archive), *words])
    return ended.value.code or 0


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_pipeline_s_own_names_are_filled_with_what_was_sent(archive, tmp_path, capsys):
    file = tmp_path / "launch.yaml"
    file.write_text(PIPELINE)
    assert delivered(archive, tmp_path / "out", "--pipeline", str(file)) == 0
    index = capsys.readouterr().out.strip()
    made = ["spring/sku-1_luxury_headline.txt", "spring/sku-2_playful_headline.txt"]
    assert names(tmp_path / "out") == [index, *made]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / index).read_bytes().decode(), newline="")))
    assert [(row["name"], row["prompt"], row["charged_usd"]) for row in rows] == [
        (made[0], "luxury", "0.01"),
        (made[1], "playful", "0.01"),
    ]
    assert all(len(row["technique_hash"]) == 16 for row in rows)


def test_template_and_columns_of_a_row_file_come_first(archive, tmp_path):
    rows = tmp_path / "rows.yaml"
    rows.write_text("sku-2: {title: Rosé}\n")
    assert delivered(archive, tmp_path / "out", "--template", "{title}.{ext}", "--rows", str(rows)) == 0
    assert names(tmp_path / "out") == ["Rosé.txt", "spring-index-0001.csv"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--template", "{row!r}"), "is no field"),
        (("--template", "{sku}.{ext}"), "columns of a spreadsheet are known with --rows"),
        (("--template", "all.{ext}"), "add {row} to the template"),
    ],
)
def test_names_that_cannot_be_deliver_nothing(archive, tmp_path, capsys, words, said):
    assert delivered(archive, tmp_path / "out", *words) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inside", ["delivered", "..", "."])
def test_delivery_into_or_around_the_archive_is_refused(archive, capsys, inside):
    assert delivered(archive, (archive / inside).resolve()) == 1
    assert "inside one another" in capsys.readouterr().err


def test_name_taken_by_another_file_exits_with_1_and_names_it(archive, tmp_path, capsys):
    (tmp_path / "sku-1_headline_0.txt").write_text("of somebody")
    assert delivered(archive, tmp_path) == 1
    said = capsys.readouterr().err
    assert "1 linked, 1 name taken" in said
    assert "other files stand under sku-1_headline_0.txt" in said
