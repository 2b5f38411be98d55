"""`florist deploy`: every pipeline as a form in Prefect, and what has changed in each."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Protocol

from cyclopts import Parameter

from florist.commands.terminal import print_table, remark


class Deployed(Protocol):
    """A deployment; its form is new where nothing is known of another one before."""

    @property
    def name(self) -> str:
        """Of the deployment."""

    @property
    def schedule(self) -> str:
        """When it runs by itself, and whether that is switched on; empty for never."""

    @property
    def form_changes(self) -> tuple[str, ...] | None:
        """What has changed in its form; None if it is new."""


def deploy(
    folder: Path = Path(),
    /,
    *,
    deploy_all: Annotated[Callable[[Path], Iterable[Deployed]], Parameter(parse=False)],
) -> None:
    """Deploy every pipeline as a form in Prefect. Safe to repeat; pays for nothing.

    What prefect.yaml names is deployed too. Tells of each what has changed in its form. The server is that of
    PREFECT_API_URL or of Prefect's profile.

    Args:
        folder: the checkout, with pipelines/ and prefect.yaml in it.
    """
    lines = [(each.name, _words(each.form_changes), each.schedule) for each in deploy_all(folder.absolute())]
    print_table(("Deployment", "Form", "Runs by itself"), lines)
    if any(schedule for *_, schedule in lines):
        remark("What is off runs by itself once it is switched on: `active` in its file, or in Prefect's UI.")


def _words(changes: tuple[str, ...] | None) -> str:
    return "new" if changes is None else ", ".join(changes) or "as before"
