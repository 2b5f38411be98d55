"""A floor whose time stands still, and the command on it, as the flows' tests have them."""

from tests.flows.command import command
from tests.flows.conftest import prefect_environment, still_floor, workspace_type

__all__ = ["command", "prefect_environment", "still_floor", "workspace_type"]
