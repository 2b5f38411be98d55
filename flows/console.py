"""What Prefect prints to a person's terminal while a flow runs in their command."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_tracebacks() -> Iterator[None]:
    """Leave tracebacks out of the terminal; Prefect's server gets them all the same."""
    yield
