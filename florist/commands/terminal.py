"""What the `florist` command prints, and where.

stdout carries what was asked for; all else goes to stderr. Where stdout is no terminal, tables come as lines of
tab-separated cells, for the next program. Where nobody reads any more (`2>&1 | head`), the command goes on
unheard: paid runs may be in flight.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

PATIENCE = 20.0
"""Seconds that a person at a terminal waits for an answer of FLORA before they are told what is wrong."""


class UnheardConsole(Console):
    """A console that goes on when its pipe is broken; rich's own ends the process."""

    def on_broken_pipe(self) -> None:
        """Stop writing."""
        stop_writing()


_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))
del _CONTROLS[ord("\n")], _CONTROLS[ord("\t")]

out = UnheardConsole(soft_wrap=True, highlight=False)
err = UnheardConsole(stderr=True, soft_wrap=True, highlight=False)


def stop_writing() -> None:
    """Lead whichever of stdout and stderr nobody reads any more to nowhere, for good."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def unheard() -> Iterator[None]:
    """Go on if nobody reads what is written in the block."""
    try:
        yield
    except BrokenPipeError:
        stop_writing()


def obeyed_by_none(text: str) -> str:
    """Return a text without what a terminal would obey: it may be of somebody else's file, or of a row's key."""
    return text.translate(_CONTROLS)


def say(line: str) -> None:
    """Print a line of the answer as it is; brackets in it are no markup."""
    out.print(obeyed_by_none(line), markup=False)


def write(text: str) -> None:
    """Print a text of several lines as it is, line ends and tabs too: rich's own printing would alter them."""
    with unheard():
        out.file.write(text)


def remark(line: str, style: str | None = None) -> None:
    """Print a line beside the answer as it is, after what was printed of the answer."""
    with unheard():
        sys.stdout.flush()
    err.print(obeyed_by_none(line), markup=False, style=style)


def asked(question: str) -> bool | None:
    """Return a person's answer to a yes-or-no question; None where nobody can be asked."""
    if not sys.stdin.isatty():
        return None
    return err.input(f"{question} [y/N] ", markup=False).strip().lower() in {"y", "yes"}


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
    right: Sequence[str] = (),
    console: Console | None = None,
) -> None:
    """Print rows under headings.

    Args:
        right: the headings of columns of numbers.
        console: stdout if None.
    """
    console = console or out
    if not console.is_terminal:
        lines = (
            "\t".join(" ".join(obeyed_by_none(cell).split()) for cell in row) + "\n" for row in (headings, *rows)
        )
        with unheard():
            console.file.write("".join(lines))  # see `write`
        return
    columns = (Column(name, justify="right" if name in right else "left", overflow="fold") for name in headings)
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(
            *(Text(obeyed_by_none(cell)) for cell in row)
        )  # as it is: a row's key, or a note, may look like markup
    console.print(table, soft_wrap=False)
