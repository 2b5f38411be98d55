"""Reads fields of a YAML tree; what is wrong is noted, and a stand-in taken, so that reading goes on."""

import math
import re
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

from florist.pipelines.models import LONGEST_TIMEOUT
from florist.pipelines.problems import FieldPath, Position, Problem, problem_at
from florist.pipelines.yaml_tree import Entries, Items, Node, Scalar
from florist.wording import did_you_mean, quoted

_USD = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


class FieldReader:
    """Reads fields, each with its path; `positions` tells where they stand.

    Args:
        problems: takes what is wrong.
    """

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self.positions: dict[FieldPath, Position] = {}
        self.keys: dict[FieldPath, Position] = {}

    def fields(
        self, node: Node, path: FieldPath, known: Collection[str], *, required: Collection[str] = ()
    ) -> dict[str, Node]:
        """Return the known entries; one that is unknown, or required and missing, is a problem."""
        fields = self.entries(node, path)
        for key in fields:
            if key not in known:
                mend = did_you_mean(key, known)
                self.problem((*path, key), f"unknown key{mend}", position=self.keys[*path, key])
        for key in required:
            if key not in fields and (isinstance(node, Entries) or node == Scalar(None, node.position)):
                self.problem(path, f'the key "{key}" is missing')
        return {key: value for key, value in fields.items() if key in known}

    def entries(self, node: Node | None, path: FieldPath) -> dict[str, Node]:
        """Return the entries of a mapping, and remember where they stand."""
        if not isinstance(node, Entries):
            if node and node != Scalar(None, node.position):
                self.problem(path, f'"key: value" lines go here, not {_called(node)}')
            return {}
        for key, (position, value) in node.entries.items():
            is_in_place = isinstance(value, Scalar) and value.text is not None
            self.positions[*path, key] = value.position if is_in_place else position
            self.keys[*path, key] = position
        return {key: value for key, (_, value) in node.entries.items()}

    def problem(self, path: FieldPath, message: str, *, position: Position | None = None) -> None:
        """Note what is wrong with a field, at its place."""
        problem = problem_at(path, message, file=str(self._file), positions=self.positions)
        self._problems.append(problem._replace(position=position) if position else problem)

    def flag(self, node: Node | None, path: FieldPath) -> bool:
        """Return whether it is true."""
        text = self.text(node, path)
        if text not in (None, "true", "false"):
            self.problem(path, f'{quoted(text)} is neither "true" nor "false"')
        return text == "true"

    def texts(self, node: Node | None, path: FieldPath) -> tuple[str, ...]:
        """Return the texts of a list, without empty ones."""
        if isinstance(node, Items):
            texts = [self.text(item, (*path, index)) for index, item in enumerate(node.items)]
            return tuple(text for text in texts if text)
        if node and node != Scalar(None, node.position):
            self.problem(path, "a list goes here, such as [small, large]")
        return ()

    def text(self, node: Node | None, path: FieldPath) -> str | None:
        """Return the text as it is written; None for nothing."""
        if node is None or isinstance(node, Scalar):
            return node.text if node else None
        self.problem(path, f"a text goes here, not {_called(node)}")
        return None

    def seconds(self, node: Node | None, path: FieldPath) -> float | None:
        """Return a timeout."""
        text = self.text(node, path)
        if not text:
            return None
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= LONGEST_TIMEOUT:
            self.problem(path, f"{quoted(text)} is no timeout; write seconds, such as 600")
            return None
        return seconds

    def usd(self, node: Node | None, path: FieldPath) -> Decimal | None:
        """Return an amount of money above zero."""
        text = self.text(node, path)
        if not text:
            return None
        if not _USD.fullmatch(text) or not Decimal(text):
            self.problem(path, f"{quoted(text)} is no amount; write US dollars, such as 0.20")
            return None
        return Decimal(text)


def _called(node: Node) -> str:
    names: dict[type, str] = {Items: "a list", Entries: '"key: value" lines', Scalar: "a text"}
    return names[type(node)]
