"""Which column of a row file gives which param: by name, or as the pipeline's `rows:` says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from florist.api.models import MediaKind
from florist.pipelines.models import Pipeline
from florist.pipelines.problems import Problem
from florist.pipelines.row_files.names import by_fold, meant, nearest
from florist.pipelines.row_files.records import Header
from florist.pipelines.row_mapping import CellTemplate, Column
from florist.wording import quoted, shortened

KEY = "key"
"""The name under which a template has the row's key, where no column is called so."""

_COLUMNS_NAMED = 10


@dataclass(frozen=True, slots=True)
class ParamSource:
    """What gives one param its value: the whole of a column, or a template.

    Attributes:
        columns: those in it, under their names in the file.
        is_path: its value is a path or URL. A cell without text leaves nothing of it: half a path leads nowhere.
    """

    param: str
    parts: tuple[str | Column, ...]
    columns: tuple[str, ...]
    is_path: bool

    def text(self, cells: Mapping[str, str], key: str) -> str:
        """Return the text that a row's cells give the param, empty if they give none."""
        if len(self.parts) == len(self.columns) == 1:
            return _cell(self.columns[0], cells, key)
        found = [part if isinstance(part, str) else _cell(part.name, cells, key) for part in self.parts]
        given = [bool(_cell(column, cells, key)) for column in self.columns]
        is_given = all(given) if self.is_path else any(given) or not given
        return "".join(found) if is_given else ""


def _cell(column: str, cells: Mapping[str, str], key: str) -> str:
    return cells.get(column, key if column == KEY else "")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a table, or of one record, are taken for.

    Attributes:
        key: the column that names the rows; None where the format tells keys, or no column can be it.
        params: the source of each param that gets its value from the row.
        unused: columns that give no param a value; the key may be one of them.
        missing: params that need a value and that nothing gives.
        problems: what is wrong with the columns that there are.
    """

    key: str | None
    params: Mapping[str, ParamSource]
    unused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def idle(self) -> tuple[str, ...]:
        """The columns that are of no use at all."""
        return tuple(column for column in self.unused if column != self.key)


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
        mapped = self.pipeline.rows.params
        parts = {name: self._mapped(name, template) for name, template in mapped.items()}
        parts |= {name: self._named_like(name) for name in self.pipeline.params if name not in mapped}
        params = {name: self._source(name, found) for name, found in parts.items() if found}
        used = {column for source in params.values() for column in source.columns}
        for column in self.header.doubled & {*used, key}:
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
            named = ", ".join(shortened(column, 40) for column in [*self.header.places][:_COLUMNS_NAMED])
            near = nearest(name, self.header.places)
            mend = f"; did you mean {quoted(near)}?" if near else f"; it has {named}"
            message = f"{self.file} has no column {quoted(name)}{mend}"
        self.problems.append(self.pipeline.problem(path, message))
        return None

    def _mapped(self, param: str, template: CellTemplate) -> tuple[str | Column, ...]:
        """Return a template's parts with the columns' names as they are in the file."""
        parts: list[str | Column] = []
        for part in template.parts:
            is_key = isinstance(part, Column) and part.name == KEY and not meant(KEY, self.known)
            if isinstance(part, str) or is_key:
                parts.append(part)
            elif name := self._column(part.name, ("rows", "params", param)):
                parts.append(Column(name=name))
        return tuple(parts)

    def _named_like(self, param: str) -> tuple[str | Column, ...]:
        found = meant(param, self.known)
        # Of two params that are written alike, a column gives the one whose very name it has.
        if len(found) == 1 and meant(found[0], self.wanted) == (param,):
            return (Column(name=found[0]),)
        if len(found) > 1:
            named = ", ".join(map(quoted, found))
            message = f"the columns {named} all read as the param {param}; rename all but one of them"
            self.problems.append(Problem("", message, self.file, self.header.position(found[1])))
        return ()

    def _source(self, param: str, parts: tuple[str | Column, ...]) -> ParamSource:
        columns = tuple(part.name for part in parts if isinstance(part, Column))
        declared = self.pipeline.params.get(param)
        is_path = declared is not None and declared.type is not MediaKind.TEXT
        return ParamSource(param, parts, columns, is_path)

    def _is_missing(self, name: str, given: Collection[str]) -> bool:
        param = self.pipeline.params[name]
        return name not in given and name not in self.common and not param.default and not param.optional


def without_column(param: str, columns: Columns, header: Header, file: str) -> Problem:
    """Return the problem of a param that needs a value and gets none in any row."""
    near = nearest(param, columns.idle)
    column = near or next(iter(columns.idle), "Column")
    question = f"; did you mean {quoted(near)}? Rename it" if near else ": rename one"
    mend = f'{question}, or say which in the pipeline: rows: {{params: {{{param}: "{{{column}}}"}}}}'
    return Problem("", f"no column gives the param {param}{mend}", file, header.position(""))


def unused_note(pipeline: Pipeline, columns: Columns, file: str) -> str:
    """Return what to say of columns that give nothing; empty if there is nothing to say.

    A column that nearly has a param's name is named first: a slip there means that all rows get the default.
    """
    if not columns.idle:
        return ""
    ungiven = {name for name in pipeline.params if name not in columns.params}
    close = [
        f"{quoted(column)}: did you mean {quoted(near)}?"
        for column in columns.idle
        if (near := nearest(column, ungiven))
    ]
    named = ", ".join(shortened(column, 40) for column in columns.idle[:_COLUMNS_NAMED])
    more = f" and {len(columns.idle) - _COLUMNS_NAMED} more" if len(columns.idle) > _COLUMNS_NAMED else ""
    note = f"{file}: no param takes {named}{more}"
    return f"{note} ({'; '.join(close)})" if close else note
