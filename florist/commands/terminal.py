"""What the `florist` command prints, and where.

stdout carries what was asked for; all else goes to stderr. Where stdout is no terminal, tables come as lines of
tab-separated cells, for the next program.
"""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Column, Table

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def say(line: str) -> None:
    """Print a line of the answer as it is; brackets in it are no markup."""
    out.print(line, markup=False)


def remark(line: str, style: str | None = None) -> None:
    """Print a line beside the answer as it is, after what was printed of the answer."""
    sys.stdout.flush()
    err.print(line, markup=False, style=style)


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
        for row in (headings, *rows):
            # Past rich's own printing, which turns tabs into spaces.
            console.file.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
        return
    columns = (Column(name, justify="right" if name in right else "left", overflow="fold") for name in headings)
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    console.print(table, soft_wrap=False)
