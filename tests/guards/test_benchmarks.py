"""Benchmarks are no part of the suite; that they still fit the code is."""

import importlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_module_of_the_benchmarks_can_be_imported():
    names = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "benchmarks").rglob("*.py")]
    modules = [".".join(name.parts) for name in names if name.name not in {"__init__", "__main__"}]
    assert len(modules) > 10
    for module in modules:
        importlib.import_module(module)
