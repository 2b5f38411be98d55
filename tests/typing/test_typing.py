"""Type checkers see the public names as we mean them."""

import sys

from tests.typing.checking import MARKED, RIGHT, WRONG, errors


def test_uses_type_check_under_mypy_where_they_are_right_alone():
    found = errors(sys.executable, "-m", "mypy")  # strict, and with the cache of `make lint`
    assert [line for name, line in found if name == RIGHT.name] == []
    assert {line for name, line in found if name == WRONG.name} == MARKED
