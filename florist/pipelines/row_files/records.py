"""What all formats of row files are read as: records of named cells, one by one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.problems import Position, Problem


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file.

    Attributes:
        cells: the text of each column by its name; not stripped, empty where there is none.
        position: where a column's cell stands, by the column's name.
        key: the row's, in formats that tell it beside the cells, whose names are then those of params.
        fault: why it cannot be taken as a row; the records after it can.
    """

    cells: Mapping[str, str]
    position: Callable[[str], Position]
    key: str | None = None
    fault: Problem | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns of a table.

    Attributes:
        places: each name with the index of its column; of a name that stands there twice, the first.
        doubled: the names that do.
        width: how many columns there are, those without a name included.
    """

    places: Mapping[str, int]
    doubled: frozenset[str]
    width: int
    line: int

    @classmethod
    def of(cls, cells: Sequence[str], line: int) -> "Header":
        """Return the header that these cells are; a column without a name is none."""
        places: dict[str, int] = {}
        doubled: set[str] = set()
        for index, name in enumerate(map(str.strip, cells)):
            if name in places:
                doubled.add(name)
            elif name:
                places[name] = index
        return cls(places, frozenset(doubled), len(cells), line)

    def position(self, column: str) -> Position:
        """Return where a column is named."""
        return Position(self.line, self.places.get(column, 0) + 1)


@dataclass(frozen=True, slots=True)
class Table:
    """A row file that was opened. `records` can be gone through once; `PipelineFileError` ends it early.

    Attributes:
        header: the names of the columns or, of records that each have their own, of the first; None if it has
            nothing to say of the others.
        varies: each record has names of its own.
        note: what whoever reads the prices should know of how the file was read.
    """

    records: Iterator[Record]
    header: Header | None = None
    varies: bool = False
    note: str = ""


def unreadable(name: str, message: str, position: Position | None = None) -> PipelineFileError:
    """Return the error of a row file in which there is no reading on."""
    return PipelineFileError([Problem("", message, name, position)])
