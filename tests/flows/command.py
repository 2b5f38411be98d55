"""`florist …` in a process of its own, against a floor's sandbox and the session's Prefect server."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.flows.conftest import ROOT, Floor

Command = Callable[..., subprocess.Popen[str]]

HEADLINES = """
name: headlines
description: One step.
steps:
  lines: {technique: headline-writer, inputs: {brief: Spring flowers}}
"""


@pytest.fixture
def command(prefect_environment: dict[str, str]) -> Command:
    """Start one: `command(floor, "run", …)`."""

    def start(floor: Floor, *arguments: object, merged: bool = False) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "florist.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **prefect_environment, **floor.environment},
        )

    return start
