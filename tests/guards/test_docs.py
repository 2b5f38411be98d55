"""What the docs name is there: files, commands, targets, modules; what they show of code can be read."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

import florist
from florist.cli import command_line
from florist.pipelines import parse_pipeline

ROOT = Path(__file__).resolve().parents[2]
FILES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in FILES}


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for name, text in PAGES.items():
        for block in re.findall(rf"^```{language}(?: title=[^\n]*)?\n(.*?)^```", text, re.M | re.S):
            yield name, block


COMMANDS = [
    (name, line.partition("  #")[0].removeprefix("$ ").strip())
    for name, block in blocks("console")
    for line in block.replace("\\\n", "").splitlines()
]


def is_understood(command: str) -> bool:
    """Whether the command line takes the words, without doing what they say."""
    words = shlex.split(command)[1:]
    if words[:1] == ["sandbox"]:  # it has a parser of its own, tried in tests/flora_sandbox
        return True
    try:
        command_line(words).parse_args(words, exit_on_error=False, print_error=False)
    except Exception:  # noqa: BLE001 - whatever it is, a reader who types it would see it
        return False
    return True


def test_links_lead_to_files_that_are_there():
    links = [
        (name, target) for name, text in PAGES.items() for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", text)
    ]
    assert [link for link in links if not (ROOT / link[0]).parent.joinpath(link[1]).exists()] == []


def test_newcomers_questions_are_answered_by_files_that_are_there():
    table = PAGES["docs/architecture.md"].split("## Where is…?\n")[1].split("\n## ")[0]
    files = re.findall(r"^\| [^|]+\? \| `([^`]+)` \|$", table, re.M)
    assert len(files) >= 10
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_florist_commands_are_understood():
    typed = [(name, line) for name, line in COMMANDS if line.startswith("florist ")]
    assert len(typed) > 20
    assert [(name, line) for name, line in typed if not is_understood(line)] == []


def test_make_targets_and_modules_named_are_there():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    text = "\n".join(PAGES.values())
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.M))
    assert named - targets == set()
    modules = {line.split()[2] for _, line in COMMANDS if line.startswith("python -m ")}
    assert [name for name in modules if not list(ROOT.glob(f"{name.replace('.', '/')}*"))] == []


def test_pipelines_shown_can_be_read():
    shown = [block for _, block in blocks("yaml") if "steps" in YAML(typ="safe").load(block)]
    assert len(shown) >= 3
    for block in shown:
        parse_pipeline(block, file=Path("shown.yaml"))


def test_names_that_shown_python_imports_are_there():
    wanted = [
        (name, node.module, alias.name)
        for name, block in blocks("python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert wanted
    assert [found for found in wanted if not hasattr(importlib.import_module(found[1]), found[2])] == []


def test_site_is_built_without_a_warning_or_anything_of_other_hosts(tmp_path):
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        tmp_path,
    ]
    environment = {"NO_MKDOCS_2_WARNING": "1", "PATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    reference = (tmp_path / "reference/index.html").read_text()
    assert [name for name in florist.__all__ if f'id="florist.{name}"' not in reference] == []
    fetched = r"<(?:script|link|img)[^>]+(?:src|href)=\"?(https?://[^\"\s>]+)"
    assert {url for page in tmp_path.rglob("*.html") for url in re.findall(fetched, page.read_text())} == set()


def test_addresses_shown_are_those_that_servers_listen_on():
    ports = {port for text in PAGES.values() for port in re.findall(r"127\.0\.0\.1:(\d+)", text)}
    assert ports == {"8787", "8788", "4200"}  # the sandbox, florist serve, Prefect
