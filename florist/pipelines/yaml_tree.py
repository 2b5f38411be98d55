"""YAML as a tree of plain text with places, and nothing that YAML would make of it.

Every scalar stays the text that is written (`no`, `1.10` and `2026-01-01` too): what it means is for whoever
knows the field. Tags and aliases are refused, so that a file can neither construct anything nor unfold
into more than its own length.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from florist.pipelines.errors import PipelineFileError
from florist.pipelines.problems import FieldPath, Position, Problem, field_name
from florist.wording import quoted, shortened

MAX_DEPTH = 12
"""Levels of nesting; a pipeline has five. Also what keeps hostile brackets cheap: reading stops there."""

_NULLS = ("", "~", "null", "Null", "NULL")


class Scalar(NamedTuple):
    """Text as written, or None for nothing."""

    text: str | None
    position: Position


class Items(NamedTuple):
    """A list."""

    items: tuple["Node", ...]
    position: Position


class Entries(NamedTuple):
    """A mapping: each key with its own place and its value."""

    entries: dict[str, tuple[Position, "Node"]]
    position: Position


Node = Scalar | Items | Entries


def yaml_tree(text: str, *, file: str) -> tuple[Node, list[Problem]]:
    """Read the one document of a file.

    Returns:
        Its tree, and the problems that do not hinder reading on: keys written twice, of which the first counts.

    Raises:
        PipelineFileError: it is not YAML, or uses what a pipeline does without.
    """
    tree = _Tree(text, file)
    try:
        return tree.document(), tree.problems
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = _position(mark) if mark else None
        reason = " ".join(str(part) for part in (error.context, error.problem) if part)
        before = text.splitlines()[mark.line][: mark.column] if mark and mark.line < len(text.splitlines()) else ""
        raise PipelineFileError([Problem("", _said(reason, before), file, position)]) from error
    except (YAMLError, ValueError, OverflowError) as error:  # bare ones come of characters that do not exist
        reason = str(error).splitlines()[0] if str(error) else ""
        raise PipelineFileError([Problem("", _said(reason, ""), file)]) from error


class _Tree:
    """Builds the tree from the parser's events."""

    def __init__(self, text: str, file: str) -> None:
        self._events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self._file = file
        self.problems: list[Problem] = []

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if root:
                    self._refuse(event, (), "a second document begins here; a file holds one pipeline")
                root = self._node(next(self._events), ())
        return root or Scalar(None, Position(1, 1))

    def _node(self, event: NodeEvent, path: FieldPath) -> Node:
        if isinstance(event, AliasEvent):
            self._refuse(event, path, f"the alias *{event.anchor} is not supported; use a param, or write it out")
        if event.tag is not None:  # type: ignore[attr-defined] # all but aliases have one
            self._refuse(event, path, "a tag (!…) is not supported; write the plain value")
        if len(path) > MAX_DEPTH:
            self._refuse(event, path[:MAX_DEPTH], f"more than {MAX_DEPTH} levels of nesting")
        if isinstance(event, ScalarEvent):
            is_nothing = event.style is None and event.value in _NULLS
            return Scalar(None if is_nothing else event.value, _position(event.start_mark))
        if isinstance(event, SequenceStartEvent):
            return self._items(event, path)
        assert isinstance(event, MappingStartEvent)  # noqa: S101 - there is no other kind of node
        return self._entries(event, path)

    def _items(self, start: SequenceStartEvent, path: FieldPath) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return Items(tuple(items), _position(start.start_mark))

    def _entries(self, start: MappingStartEvent, path: FieldPath) -> Entries:
        entries: dict[str, tuple[Position, Node]] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self._refuse(event, path, "a key is plain text")
            key, position = event.value, _position(event.start_mark)
            value = self._node(next(self._events), (*path, key))
            if key in entries:
                message = f"the key {quoted(key)} stands here twice, first in line {entries[key][0].line}"
                self.problems.append(Problem(field_name((*path, key)), message, self._file, position))
            entries.setdefault(key, (position, value))
        return Entries(entries, _position(start.start_mark))

    def _refuse(self, event: Any, path: FieldPath, message: str) -> NoReturn:
        raise PipelineFileError([Problem(field_name(path), message, self._file, _position(event.start_mark))])


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


_UNEVEN = "this line does not line up with the ones above it; lines of one level begin alike"
_REASONS = (
    ("'\\t'", "a tab cannot indent; use spaces"),
    ("but got '{'", 'a "${…}" inside {…} or […] stands in quotes: {brief: "${params.brief}"}'),
    ("but got '<stream end>'", 'a "{" or "[" is not closed by the end of the file'),
    ("but found '<scalar>'", "a quoted text ends here, and more follows; a quote inside it is written twice"),
    ("quoted scalar found unexpected end", "a quoted text is not closed by the end of the file"),
    ("cannot start any token", "a text that begins with this character stands in quotes"),
    ("expected <block end>", "this line does not line up with the ones above it; lines of one level begin alike"),
    (
        "expected '<document start>'",
        "this line does not line up with the ones above it; lines of one level begin alike",
    ),
)
"""Words of the parser's, and what they mean for whoever has to mend the file."""


def _said(reason: str, before: str) -> str:
    """Return what is wrong; `before` is the text of its line up to there."""
    if "mapping values are not allowed" in reason:
        if ":" in before:
            return 'a ":" where none can be; put a text that has ": " in it in quotes'
        return 'this line is indented deeper than the ones above it, or the one above it lacks its ":"'
    for words, meaning in _REASONS:
        if words in reason:
            return meaning
    return f"unreadable YAML: {shortened(reason, 160)}"
