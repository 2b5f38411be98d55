"""The public names under pyright, which needs node and is no dependency of ours; mypy's turn is in the suite."""

import shutil
import sys

import pytest

from tests.typing.checking import MARKED, RIGHT, WRONG, errors


@pytest.mark.drill
@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not installed: pip install pyright")
def test_uses_type_check_under_pyright_where_they_are_right_alone():
    found = errors("pyright", "--pythonpath", sys.executable)
    assert [line for name, line in found if name == RIGHT.name] == []
    assert {line for name, line in found if name == WRONG.name} == MARKED
