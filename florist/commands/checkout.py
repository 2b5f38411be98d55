"""Finds the packages that come with the checkout alone: Prefect's part is in no wheel.

`flows` and `blocks` are what Prefect's users call packages of their own, so a wheel must not install any by those
names; and by those names alone the wrong ones could be imported.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from florist.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
"""The checkout, if this is one."""

PACKAGES = ("blocks", "flows", "deployments")


def is_checkout(root: Path = ROOT) -> bool:
    """Whether Prefect's part is here; it is not beside an installed wheel."""
    return all((root / package / "__init__.py").is_file() for package in PACKAGES)


def use_checkout(root: Path = ROOT) -> None:
    """Make the checkout's own packages importable, ahead of any others of their names.

    Raises:
        ConfigurationError: others of these names are imported already.
    """
    if sys.path[:1] != [str(root)]:
        sys.path.insert(0, str(root))
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin != str(root / package / "__init__.py"):
            raise ConfigurationError(
                f"another package named `{package}` is imported already: run `florist run` in a process of its own"
            )
