"""What `florist deploy` tells of each deployment."""

from collections.abc import Iterable
from typing import Protocol

from florist.commands.terminal import print_table, remark


class Told(Protocol):
    """A deployment; its form is new where nothing is known of another one before."""

    @property
    def name(self) -> str:
        """Of the deployment."""

    @property
    def schedule(self) -> str:
        """When it runs by itself; empty for never."""

    @property
    def form_changes(self) -> tuple[str, ...] | None:
        """What has changed in its form; None if it is new."""


def print_deployed(deployed: Iterable[Told]) -> None:
    """Print the deployments, and what has changed in the form of each."""
    lines = [(each.name, _words(each.form_changes), each.schedule) for each in deployed]
    print_table(("Deployment", "Form", "Runs by itself"), lines)
    if any(schedule for *_, schedule in lines):
        remark("What runs by itself does so once it is switched on: `active` in its file, or in Prefect's UI.")


def _words(changes: tuple[str, ...] | None) -> str:
    return "new" if changes is None else ", ".join(changes) or "as before"
