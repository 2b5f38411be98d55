"""Pages that are walked: files saved, commands typed, and what they answer held against what the page shows."""

import io
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import NamedTuple

from florist.cli import main

_BLOCK = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```", re.M | re.S)
_MASKS = (
    (re.compile(r"run_[0-9a-f]{20}"), "run_…"),
    (re.compile(r"\b[0-9a-f]{20}-(\d)"), r"…-\1"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "DATE"),
    (re.compile(r"(file://)?(/[\w.-]+)+/(?=outputs|shop|examples)"), "/…/"),
    (re.compile(r"\bV-0\d\d\b"), "V-…"),
    (re.compile(r"\b[\d,]+(?= \$[\d.]+ campaigns/)"), "BYTES"),
)
_PREFECT = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} \| ")
ANYTHING = "…"
"""As a line it stands for any number of lines; at the end of one for the rest of it."""


class Block(NamedTuple):
    """A code block of a page."""

    language: str
    title: str
    text: str


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the code blocks of a page."""
    for language, title, text in _BLOCK.findall(page.read_text()):
        yield Block(language, title, text)


def commands_in(block: Block) -> list[str]:
    """Return what is typed, without remarks."""
    lines = block.text.replace("\\\n", "").splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line]


def save_as_excel_does(path: Path, text: str) -> None:
    """Write a CSV with a byte order mark and Windows' line ends."""
    path.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())


def answered(command: str) -> str:
    """Type a command in this process, or in a shell if it is not ours; return all that it printed."""
    words = shlex.split(command)
    if words[0] != "florist":
        return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), suppress(SystemExit):
        main(words[1:])
    return said.getvalue()


def without_chance(text: str) -> list[str]:
    """Return the lines of an answer without what differs from run to run, and without Prefect's own."""
    lines = [line for line in text.splitlines() if line.strip() and not _PREFECT.match(line)]
    return [_masked(line) for line in lines]


def _masked(line: str) -> str:
    line = " ".join(line.split())
    for pattern, shown in _MASKS:
        line = pattern.sub(shown, line)
    return line


def _pattern(line: str) -> str:
    if line == ANYTHING:
        return r"(?:.|\n)*"
    return re.escape(line.removesuffix(ANYTHING)) + ".*" * line.endswith(ANYTHING)


def differs(shown: str, said: str) -> str:
    """Return how an answer is another one than the page shows; empty if it is not."""
    wanted, found = without_chance(shown), without_chance(said)
    pattern = "\n".join(_pattern(line) for line in wanted)
    if re.fullmatch(pattern, "\n".join(found)):
        return ""
    return "\n".join(["the page shows:", *wanted, "", "and it is:", *found])
