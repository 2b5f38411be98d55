"""Which column of a row file gives which param: by name, or as the pipeline's `rows:` says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from florist.api.models import MediaKind
from florist.pipelines.models import Pipeline
from florist.pipelines.problems import Problem
from florist.pipelines.row_files.names import by_fold, meant
from florist.pipelines.row_files.records import Header, Record
from florist.pipelines.row_mapping import CellTemplate, Column
from florist.wording import did_you_mean, quoted, shortened

KEY = "key"
"""The name under which a template has the row's key, where no column is called so."""

_COLUMNS_NAMED = 10


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a table, or of one record, are taken for.

    Attributes:
        key: the column that names the rows; None where the format tells keys, or no column can be it.
        params: the value of each param, its columns under their names in the file.
        unused: columns that give nothing.
        missing: params that need a value and that nothing gives.
        problems: what is wrong with the columns that there are.
    """

    key: str | None
    params: Mapping[str, CellTemplate]
    unused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def text(self, param: str, record: Record, key: str, *, is_whole: bool) -> str:
        """Return the text that a record gives a param, empty if it gives none.

        Args:
            is_whole: a cell without text leaves nothing of it: half a path leads nowhere.
        """
        parts: list[str] = []
        given = False
        for part in self.params[param].parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            cell = record.cells.get(part.name, key if part.name == KEY else "").strip()
            if not cell and is_whole:
                return ""
            given = given or bool(cell)
            parts.append(cell)
        return "".join(parts).strip() if given or not self.params[param].columns else ""


def columns_of(pipeline: Pipeline, common: Collection[str], header: Header, file: str) -> Columns:
    """Return what the columns give.

    Args:
        common: params that all rows are given alike.
        file: what the row file is called.
    """
    return _Choice(pipeline, common, header, file).columns()


@dataclass
class _Choice:
    """Chooses columns, noting what is wrong."""

    pipeline: Pipeline
    common: Collection[str]
    header: Header
    file: str
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.known = by_fold(self.header.places)
        self.wanted = by_fold(self.pipeline.params)

    def columns(self) -> Columns:
        key = self._key()
        params = {name: self._filled(name, template) for name, template in self.pipeline.rows.params.items()}
        params |= {name: template for name in self.pipeline.params if name not in params
                   for template in self._named_like(name)}  # fmt: skip
        used = {column for template in params.values() for column in template.columns} | {key}
        for column in self.header.doubled & used:
            message = f"two columns are called {quoted(column)}; rename the one that is not meant"
            self.problems.append(Problem("", message, self.file, self.header.position(column)))
        unused = tuple(column for column in self.header.places if column not in used)
        missing = tuple(name for name in self.pipeline.params if self._is_missing(name, params))
        return Columns(key, params, unused, missing, tuple(self.problems))

    def _key(self) -> str | None:
        name = self.pipeline.rows.key
        if name is None:
            return next(iter(self.header.places), None)
        return self._column(name, ("rows", "key"))

    def _column(self, name: str, path: tuple[str, ...]) -> str | None:
        """Return the column that the pipeline means; the problem is the pipeline's if there is none."""
        found = meant(name, self.known)
        if len(found) == 1:
            return found[0]
        if found:
            message = f"{self.file} has the columns {', '.join(map(quoted, found))}; rename one of them"
        else:
            mend = did_you_mean(name, self.header.places)
            message = f"{self.file} has no column {quoted(name)}{mend}"
        self.problems.append(self.pipeline.problem(path, message))
        return None

    def _filled(self, param: str, template: CellTemplate) -> CellTemplate:
        """Return the template with the columns' names as they are in the file."""
        parts: list[str | Column] = []
        for part in template.parts:
            if isinstance(part, Column) and not (part.name == KEY and not meant(KEY, self.known)):
                parts.append(Column(name=self._column(part.name, ("rows", "params", param)) or part.name))
            else:
                parts.append(part)
        return CellTemplate(parts=tuple(parts))

    def _named_like(self, param: str) -> tuple[CellTemplate, ...]:
        found = meant(param, self.known)
        # Of two params that are written alike, a column gives the one whose very name it has.
        if len(found) == 1 and meant(found[0], self.wanted) == (param,):
            return (CellTemplate(parts=(Column(name=found[0]),)),)
        if len(found) > 1:
            named = ", ".join(map(quoted, found))
            message = f"the columns {named} all read as the param {param}; rename all but one of them"
            self.problems.append(Problem("", message, self.file, self.header.position(found[1])))
        return ()

    def _is_missing(self, name: str, given: Collection[str]) -> bool:
        param = self.pipeline.params[name]
        return name not in given and name not in self.common and not param.default and not param.optional


def without_column(param: str, columns: Columns, header: Header, file: str) -> Problem:
    """Return the problem of a param that needs a value and gets none in any row."""
    example = f'{param}: "{{{next(iter(columns.unused), "Column")}}}"'
    mend = did_you_mean(
        param, columns.unused, otherwise=f"; say which in the pipeline: rows: {{params: {{{example}}}}}"
    )
    return Problem("", f"no column gives the param {param}{mend}", file, header.position(""))


def unused_note(pipeline: Pipeline, columns: Columns, file: str) -> str:
    """Return what to say of columns that give nothing; empty if there is nothing to say.

    A column that nearly has a param's name is named first: a slip there means that all rows get the default.
    """
    if not columns.unused:
        return ""
    ungiven = {name for name in pipeline.params if name not in columns.params}
    close = [
        f"{quoted(column)}{mend}"
        for column in columns.unused
        if (mend := did_you_mean(column.casefold(), ungiven, otherwise="")) and columns.key != column
    ]
    named = ", ".join(shortened(column, 40) for column in columns.unused[:_COLUMNS_NAMED])
    more = f" and {len(columns.unused) - _COLUMNS_NAMED} more" if len(columns.unused) > _COLUMNS_NAMED else ""
    note = f"{file}: no param takes {named}{more}"
    return f"{note} ({'; '.join(close)})" if close else note


def is_path(pipeline: Pipeline, param: str) -> bool:
    """Whether a param's value is a path or URL."""
    return param in pipeline.params and pipeline.params[param].type is not MediaKind.TEXT
