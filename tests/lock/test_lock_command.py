"""`florist lock`, against the sandbox's techniques."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.cli import main

ONE = "name: one\nsteps: {words: {technique: headline-writer, inputs: {brief: Spring}}}\n"
TWO = "name: two\nsteps: {still: {technique: key-visual, inputs: {prompt: A barn}}}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("flora"), Settings()) as sandbox:
        yield sandbox


@pytest.fixture
def pipelines(server, tmp_path, monkeypatch) -> Path:
    """A folder of two pipelines."""
    monkeypatch.setenv("FLORA_API_KEY", server.api_key)
    monkeypatch.setenv("FLORA_BASE_URL", server.base_url)
    (tmp_path / "one.yaml").write_text(ONE)
    (tmp_path / "two.yaml").write_text(TWO)
    return tmp_path


def locked(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["lock", *map(str, words)])
    return ended.value.code or 0


def techniques(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "techniques.lock.json").read_text())["techniques"]


def rewrite(folder: Path, name: str, **changes: object) -> None:
    """Have the lock say what FLORA does not."""
    lock = json.loads((folder / "techniques.lock.json").read_text())
    lock["techniques"][name] |= changes
    (folder / "techniques.lock.json").write_text(json.dumps(lock))


def test_lock_of_a_folder_holds_what_its_pipelines_use_and_is_stable(pipelines):
    assert locked(pipelines) == 0
    before = (pipelines / "techniques.lock.json").read_bytes()
    assert set(techniques(pipelines)) == {"headline-writer", "key-visual"}
    assert techniques(pipelines)["headline-writer"]["price_usd"] == "0.01"
    assert locked(pipelines) == 0
    assert (pipelines / "techniques.lock.json").read_bytes() == before
    assert sorted(path.name for path in pipelines.iterdir()) == ["one.yaml", "techniques.lock.json", "two.yaml"]


def test_lock_of_one_file_leaves_the_others_locked_as_they_were(pipelines):
    locked(pipelines)
    rewrite(pipelines, "key-visual", price_usd="9")
    rewrite(pipelines, "headline-writer", price_usd="9")
    assert locked(pipelines / "one.yaml") == 0
    prices = {name: one["price_usd"] for name, one in techniques(pipelines).items()}
    assert prices == {"headline-writer": "0.01", "key-visual": "9"}


def test_lock_of_a_folder_forgets_what_nobody_uses_any_more(pipelines):
    locked(pipelines)
    (pipelines / "two.yaml").unlink()
    locked(pipelines)
    assert set(techniques(pipelines)) == {"headline-writer"}


def test_check_of_what_has_not_moved_exits_with_0(pipelines, capsys):
    locked(pipelines)
    assert locked(pipelines, "--check") == 0
    assert "nothing moved: 2 techniques" in capsys.readouterr().err


def test_check_of_a_moved_price_exits_with_1_and_names_it(pipelines, capsys):
    locked(pipelines)
    rewrite(pipelines, "headline-writer", price_usd="0.02", hash="0" * 16)
    before = (pipelines / "techniques.lock.json").read_bytes()
    assert locked(pipelines, "--check") == 1
    line = capsys.readouterr().out.splitlines()[1].split("\t")
    assert line[1:] == ["headline-writer", "price moved", "the price moved from $0.02 to $0.01"]
    assert (pipelines / "techniques.lock.json").read_bytes() == before
    assert locked(pipelines / "two.yaml", "--check") == 0


def test_check_of_a_technique_that_is_gone_exits_with_1(pipelines, capsys):
    locked(pipelines)
    (pipelines / "one.yaml").write_text(ONE.replace("headline-writer", "headline-writer-2"))
    rewrite(pipelines, "key-visual")
    lock = json.loads((pipelines / "techniques.lock.json").read_text())
    lock["techniques"]["headline-writer-2"] = lock["techniques"].pop("headline-writer")
    (pipelines / "techniques.lock.json").write_text(json.dumps(lock))
    assert locked(pipelines, "--check") == 1
    assert "technique gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("prepare", "words", "said"),
    [
        (lambda folder: None, ("--check",), "write it with `florist lock`"),
        (lambda folder: (folder / "techniques.lock.json").write_text("{"), ("--check",), "is no lock file"),
        (lambda folder: (folder / "one.yaml").write_text(ONE.replace("headline-writer", "x")), (), 'called "x"'),
    ],
)
def test_lock_that_cannot_be_read_or_written_says_what_to_do(pipelines, capsys, prepare, words, said):
    prepare(pipelines)
    assert locked(pipelines, *words) == 1
    assert said in capsys.readouterr().err


def test_folder_without_a_pipeline_is_told(tmp_path, capsys):
    assert locked(tmp_path) == 1
    assert "there is no pipeline in" in capsys.readouterr().err
