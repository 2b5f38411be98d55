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


def use_checkout(root: Path = ROOT) -> None:
    """Make the checkout's own packages importable, ahead of any others of their names.

    Raises:
        ConfigurationError: this is an installed wheel, or others of these names are imported already.
    """
    if not all((root / package / "__init__.py").is_file() for package in PACKAGES):
        raise ConfigurationError(
            "`florist run` runs pipelines as Prefect flows, and those come with the checkout, not with the wheel: "
            "clone Florist's repository, `pip install --editable .` there, and run this command again"
        )
    if sys.path[:1] != [str(root)]:
        sys.path.insert(0, str(root))
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin != str(root / package / "__init__.py"):
            raise ConfigurationError(
                f"another package named `{package}` is imported already: run `florist run` in a process of its own"
            )
